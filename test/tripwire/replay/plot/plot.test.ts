import { Detection } from '../../../../src/tripwire/detection';
import { plot } from '../../../../src/tripwire/replay/plot/plot';
import { amountScale, timeTicks } from '../../../../src/tripwire/replay/plot/scale';
import { Traces } from '../../../../src/tripwire/replay/plot/traces';
import type { SubjectSettings } from '../../../../src/tripwire/settings';
import type { Signal, Subject } from '../../../../src/tripwire/signal';

const T = Date.UTC(2026, 0, 5);
const MINUTE = 60_000;
const EVIL = `<script>alert("1")</script> & 'x' \u202e\u0007`;

const settingsOf = ({ kind }: Subject): SubjectSettings => ({
  ...{ profile: 'agent', anomaly: true },
  ceilings:
    kind === 'key'
      ? [
          { unit: 'usd', windowSeconds: 60, limit: 6 },
          { unit: 'usd', windowSeconds: 3600, limit: 99 },
        ]
      : [],
});

function drawnFrom(keys: Readonly<Record<string, number>>, trips: readonly (readonly [string, number])[] = []) {
  const traces = new Traces(() => true);
  const detection = new Detection({ settingsOf });
  for (const [key, usd] of Object.entries(keys))
    for (let minute = 0; minute < 120; minute += 1) {
      const at = T + minute * MINUTE;
      const spent = { spendUsd: usd * (minute === 60 ? 20 : 1), promptTokens: 500, completionTokens: 10 };
      traces.increment({ key, model: 'm', from: at, to: at + 10_000, ...spent }, detection, 'red');
    }
  for (const [key, minute] of trips)
    traces.trip({ subject: { kind: 'key', id: key }, at: T + minute * MINUTE } as Signal, `key ${key} burnt ${EVIL}`);
  return traces;
}

const replayed = {
  rows: 9,
  late: 0,
  unwatched: 0,
  keys: 2,
  span: { from: T, to: T + 120 * MINUTE },
  spentUsd: 12,
  tokens: 100,
};
const picture = (traces: Traces, note?: string) =>
  plot({ drawn: traces.all(), settingsOf, replayed, name: EVIL, note });

/** Names of all elements; throws when a tag is not closed, or something stands in the wrong place. */
function elements(svg: string): string[] {
  const open: string[] = [];
  const seen: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g,
    (_, end: string, name: string, _attributes, empty: string) => {
      if (end) expect(open.pop()).toBe(name);
      else {
        seen.push(name);
        if (!empty) open.push(name);
      }
      return '';
    },
  );
  expect([open, rest.includes('<'), /&(?!#\d+;)/.test(rest)]).toEqual([[], false, false]);
  return seen;
}

it('is one whole picture with a title, a description, and a panel each: all together, teams, keys by their spend', () => {
  const svg = picture(drawnFrom({ small: 0.01, large: 0.02 }));
  expect(elements(svg).slice(0, 3)).toEqual(['svg', 'title', 'desc']);
  const names = [...svg.matchAll(/class="name"[^>]*>([^<]*)</g)].map(([, name]) => name);
  expect(names).toEqual(['all together', 'team:red', 'large', 'small']);
  expect(svg).toContain('role="img" aria-labelledby="title desc"');
  expect(svg).toContain('2026-01-05 00:00 to 2026-01-05 02:00 (UTC)');
  expect(svg).toContain('ceiling $6 a minute, ceiling $99 an hour');
  // One line for each ceiling of a minute, and one in the legend.
  expect(svg.match(/class="ceiling"/g)).toHaveLength(3);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

it('holds nothing that was written by others as markup', () => {
  const svg = picture(drawnFrom({ [EVIL]: 0.01 }, [[EVIL, 60]]), EVIL);
  elements(svg);
  expect(svg).not.toContain('<script');
  expect(/\p{Cf}/u.test(svg) || svg.includes('\u0007')).toBe(false);
  expect(svg).toContain('&#60;script&#62;');
});

it('tells trips by number and reason; those that lie close share a mark, and there is an end to them', () => {
  const svg = picture(
    drawnFrom({ k: 0.01 }, [
      ['k', 10],
      ['k', 10.1],
      ['k', 60],
      ...Array.from({ length: 20 }, (_, i) => ['k', 100 + i] as const),
    ]),
  );
  const marks = [...svg.matchAll(/text-anchor="middle">([\d-]+)<\/text><\/g>/g)].map(([, mark]) => mark);
  expect(marks.slice(0, 2)).toEqual(['1-2', '3']);
  expect(svg).toContain('1  2026-01-05 00:10:00  key k burnt');
  expect(svg).toContain('and 17 more');
  expect(svg).toContain('23 trips');
});

it('a key that costs nothing is drawn by its tokens', () => {
  const svg = picture(drawnFrom({ free: 0 }));
  expect(svg).toContain('tokens a minute');
  expect(svg).not.toContain('US dollars a minute');
});

it('a subject that was never to be drawn, or spent nothing, is not there', () => {
  const traces = new Traces(({ id }) => id === 'a');
  traces.increment(
    { key: 'b', model: 'm', from: T, to: T, spendUsd: 1, promptTokens: 0, completionTokens: 0 },
    new Detection({ settingsOf }),
    undefined,
  );
  traces.trip({ subject: { kind: 'key', id: 'a' }, at: T } as Signal, 'x');
  expect(traces.all()).toEqual([]);
});

describe('the axes', () => {
  it.each<[string, number[], number[], string, number[]]>([
    ['are linear where all is of a kind', [1, 2, 9], [], 'linear', [0, 2, 4, 6, 8, 10]],
    ['reach up to the limits', [1, 2, 3], [19], 'linear', [0, 5, 10, 15, 20]],
    [
      'are logarithmic where the most would hide what is usual',
      [0.01, 0.02, 0.02, 20],
      [],
      'log',
      [0.001, 0.01, 0.1, 1, 10, 100],
    ],
    ['bear that nothing was spent', [0, 0], [], 'linear', [0, 0.2, 0.4, 0.6, 0.8, 1]],
  ])('%s', (_, values, limits, kind, ticks) => {
    const scale = amountScale(values, limits);
    expect([scale.kind, scale.ticks.map((tick) => Number(tick.toPrecision(6)))]).toEqual([kind, ticks]);
    expect([scale.at(0), scale.at(1e9)]).toEqual([0, 1]);
  });

  it.each<[string, number, string[]]>([
    ['two hours', 2 * 60, ['5 Jan', '00:30', '01:00', '01:30', '02:00']],
    ['two days', 2 * 1440, ['5 Jan', '12:00', '6 Jan', '12:00', '7 Jan']],
    ['ten years', 3652 * 1440, ['Jan 2026', 'Jan 2028', 'Jan 2030', 'Jan 2032', 'Jan 2034']],
  ])('tell the time in UTC, over %s', (_, minutes, labels) => {
    expect(timeTicks(T, T + minutes * MINUTE, 5).map(({ label }) => label)).toEqual(labels);
  });
});
