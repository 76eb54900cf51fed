import fc from 'fast-check';
import { type Quiet, step, WELL } from '../../src/supervision/quiet';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PACE = { graceMs: 10_000, unitMs: 10_000 };

interface Said {
  readonly at: number;
  readonly what: 'wrong' | 'over';
}

/** Plays how it stood, from when on, and asks again when that is wanted: as the timers do. */
function play(turns: readonly { readonly at: number; readonly wrong: boolean }[], end: number): Said[] {
  const said: Said[] = [];
  let quiet: Quiet = WELL;
  let again = Number.POSITIVE_INFINITY;
  let wrong = false;
  const ask = (at: number): void => {
    const next = step(quiet, wrong, at, PACE);
    quiet = next.quiet;
    again = next.againMs === undefined ? Number.POSITIVE_INFINITY : at + next.againMs;
    if (next.say) said.push({ at, what: next.say });
  };
  for (const turn of [...turns, { at: end, wrong: undefined }]) {
    while (again <= turn.at) ask(again);
    if (turn.wrong === undefined) break;
    wrong = turn.wrong;
    ask(turn.at);
  }
  return said;
}

it('what is shorter than the grace is not told', () => {
  const blips = Array.from({ length: 200 }, (_, i) => ({ at: i * 9_000, wrong: i % 2 === 0 }));
  expect(play(blips, HOUR)).toEqual([]);
});

it('what lasts is told once, and once at once when it is over', () => {
  const turns = [0, 5_000, 20_000, 300_000].map((at) => ({ at, wrong: true }));
  expect(play([...turns, { at: 400_000, wrong: false }, { at: 500_000, wrong: false }], HOUR)).toEqual([
    { at: 10_000, what: 'wrong' },
    { at: 400_000, what: 'over' },
  ]);
});

it('what comes and goes is told to be over only after it was well for 2, 8, 32 and 60 minutes', () => {
  const calm: number[] = [];
  const turns: { at: number; wrong: boolean }[] = [];
  let at = 0;
  for (let i = 0; i < 6; i++) {
    turns.push({ at, wrong: true }, { at: at + 20_000, wrong: false });
    at += 20_000 + 61 * MINUTE;
  }
  const said = play(turns, at);
  said.forEach(({ what, at: when }, i) => {
    if (what === 'over') calm.push((when - (said[i - 1] as Said).at - 10_000) / MINUTE);
  });
  expect(calm).toEqual([0, 2, 8, 32, 60, 60]);
});

it('after six well hours it is a first time again', () => {
  const again = 20_000 + 6 * HOUR;
  const turns = [
    { at: 0, wrong: true },
    { at: 20_000, wrong: false },
    { at: again, wrong: true },
    { at: again + 20_000, wrong: false },
  ];
  expect(play(turns, again + HOUR).at(-1)).toEqual({ at: again + 20_000, what: 'over' });
});

const flapping = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 40 * MINUTE }), fc.boolean()), { minLength: 1, maxLength: 300 })
  .map((gaps) => {
    let at = 0;
    return gaps.map(([gap, wrong]) => {
      at += gap;
      return { at, wrong };
    });
  });

it('property, law 7: told in turns, never in a flood, and never silent about what lasts', () => {
  fc.assert(
    fc.property(flapping, (turns) => {
      const last = turns.at(-1) as (typeof turns)[number];
      const end = last.at + 2 * HOUR;
      const said = play(turns, end);
      // In turns: wrong, over, wrong, over.
      said.forEach(({ what }, i) => expect(what).toBe(i % 2 === 0 ? 'wrong' : 'over'));
      // No flood: in no window of 24 hours more than the first few and one an hour, each with its end.
      for (const { at } of said) {
        const near = said.filter((one) => one.at >= at && one.at < at + 24 * HOUR);
        expect(near.length).toBeLessThanOrEqual(2 * (4 + 24));
        expect(said.filter((one) => one.at >= at && one.at < at + HOUR).length).toBeLessThanOrEqual(8);
      }
      // Not silent: in the end it was told as it stands.
      expect(said.at(-1)?.what ?? 'over').toBe(last.wrong ? 'wrong' : 'over');
    }),
  );
});
