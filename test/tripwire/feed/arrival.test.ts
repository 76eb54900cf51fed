import { arrivalOf } from '../../../src/tripwire/feed/arrival';
import { type Looks, looked } from '../../../src/tripwire/feed/looks';

const START = 1_767_571_200_000;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Looks at such times after START. */
const looks = (...times: readonly number[]): Looks =>
  times.reduce<Looks | undefined>((all, time) => looked(all, START + time), undefined) ?? looked(undefined, START);

describe('looks', () => {
  test.each<[string, number[], [first: number, at: number, before: number]]>([
    ['the first', [0], [0, 0, 0]],
    ['the next', [0, 5_000], [0, 5_000, 0]],
    ['the one after', [0, 5_000, 10_000], [0, 10_000, 5_000]],
    [
      'rows of one look bear times that differ a little',
      [0, 10_000, 11_000, 10_000, 11_500, 20_000],
      [0, 20_000, 10_000],
    ],
    ['a late row is of no look', [0, 10_000, 0, 20_000], [0, 20_000, 10_000]],
    [
      'the clock was set back: all begins anew',
      [0, HOUR, HOUR - 11 * MINUTE],
      [HOUR - 11 * MINUTE, HOUR - 11 * MINUTE, HOUR - 11 * MINUTE],
    ],
  ])('%s', (_what, times, [first, at, before]) => {
    expect(looks(...times)).toEqual({ first: START + first, at: START + at, before: START + before });
  });
});

describe('totals that show for the first time', () => {
  const first = looks(0);
  const early = looks(0, 2 * MINUTE, 4 * MINUTE);
  const later = looks(0, 3 * HOUR, 3 * HOUR + 5 * SECOND);
  const afterAnOutage = looks(0, HOUR, 6 * HOUR);

  test.each<[string, Looks, Looks | undefined, number | undefined, 'baseline' | number]>([
    ['at the first look were there before', first, undefined, undefined, 'baseline'],
    ['soon after, without a name, may be another worker', early, undefined, undefined, 'baseline'],
    ['later are spend since the look before', later, undefined, undefined, 3 * HOUR],
    ['after an outage are spend in the outage', afterAnOutage, undefined, undefined, HOUR],

    ['of a process that began before the first look were there before', first, looks(0), START - HOUR, 'baseline'],
    ['of such a process, seen now for the first time, too', early, looks(4 * MINUTE), START - HOUR, 'baseline'],
    [
      'of a process that seems to have begun just after the first look: clocks differ',
      early,
      looks(4 * MINUTE),
      START + 59 * SECOND,
      'baseline',
    ],
    [
      'of a process that began after the first look are spend since then',
      early,
      looks(4 * MINUTE),
      START + 2 * MINUTE,
      2 * MINUTE,
    ],
    [
      'of a process that we have looked at already are spend since that look',
      later,
      looks(0, HOUR, 3 * HOUR),
      START - HOUR,
      HOUR,
    ],
    [
      'of a process that began while nobody looked are spend since then',
      afterAnOutage,
      looks(6 * HOUR),
      START + 2 * HOUR,
      2 * HOUR,
    ],
    [
      'of a process that began long ago, and was never picked or had another name, are not',
      later,
      looks(3 * HOUR + 5 * SECOND),
      START + HOUR,
      'baseline',
    ],
    [
      'of a process that began some looks ago are',
      later,
      looks(3 * HOUR + 5 * SECOND),
      START + 3 * HOUR - 4 * MINUTE,
      3 * HOUR - 4 * MINUTE,
    ],
    [
      'of a new process that does not say when it began are not',
      later,
      looks(3 * HOUR + 5 * SECOND),
      undefined,
      'baseline',
    ],
  ])('%s', (_what, source, own, countingSince, expected) => {
    const { baseline, after } = arrivalOf(source, own, countingSince);
    expect(baseline ? 'baseline' : after - START).toBe(expected);
  });
});
