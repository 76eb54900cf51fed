import fc from 'fast-check';
import { factsOf, isKeyRow, type KeyRow, momentOf } from '../../../src/tripwire/scrape/key-row';
import { createKeySpend } from '../../../src/tripwire/scrape/key-spend';

const NOW = Date.UTC(2026, 10, 26, 2);
const iso = (at: number): string => new Date(at).toISOString();
const NOBODY: ReadonlySet<string> = new Set();

/** Looks at the table once for each of these, a minute apart. Answers what `k` was said to have spent, each time. */
function totals(...looks: (Partial<KeyRow> | undefined)[]): (number | undefined)[] {
  const spend = createKeySpend({ source: 'proxy/database', startedAt: NOW, counters: new Map() });
  return looks.map((row, index) => {
    spend.take(row === undefined ? [] : [{ token: 'k', spend: 0, ...row }], NOW + index * 60_000, NOBODY);
    return spend.readings(NOBODY).find(({ key }) => key === 'k')?.spendUsd;
  });
}

describe('a counter of what the table says', () => {
  const day = { budget_reset_at: iso(NOW + 86_400_000) };
  const nextDay = { budget_reset_at: iso(NOW + 2 * 86_400_000) };
  it.each<[string, (Partial<KeyRow> | undefined)[], (number | undefined)[]]>([
    ['begins at nothing, and grows', [{ spend: 100 }, { spend: 101 }, { spend: 103.5 }], [0, 1, 3.5]],
    [
      'goes on when a budget begins anew: what is spent then is new',
      [
        { spend: 100, ...day },
        { spend: 0.5, ...nextDay },
        { spend: 1, ...nextDay },
      ],
      [0, 0.5, 1],
    ],
    ['goes on when the first budget is given and begins anew', [{ spend: 100 }, { spend: 2, ...day }], [0, 2]],
    [
      'does not take a figure that was put right for spend',
      [
        { spend: 100, ...day },
        { spend: 90, ...day },
        { spend: 91, ...day },
      ],
      [0, 0, 1],
    ],
    ['stays while the key is not listed', [{ spend: 100 }, undefined, { spend: 104 }], [0, undefined, 4]],
    [
      'of a key that was made since the last look begins with what it spent',
      [undefined, { spend: 3, created_at: iso(NOW + 30_000) }],
      [undefined, 3],
    ],
    [
      'of an old key that was not listed begins at nothing',
      [undefined, { spend: 300, created_at: iso(NOW - 86_400_000) }],
      [undefined, 0],
    ],
    ['of a key whose age is not told begins at nothing', [undefined, { spend: 300 }], [undefined, 0]],
    ['at the first look begins at nothing, however young', [{ spend: 3, created_at: iso(NOW + 1) }], [0]],
  ])('%s', (_what, looks, expected) => {
    expect(totals(...looks)).toEqual(expected);
  });

  it('never falls, and never exceeds what was spent since', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ spent: fc.nat(1_000), reset: fc.boolean() }), { minLength: 1 }), (steps) => {
        let spend = 5_000;
        let resets = 0;
        let since = 0;
        const looks = steps.map(({ spent, reset }, index) => {
          if (reset) {
            spend = 0;
            resets += 1;
          }
          spend += spent;
          if (index > 0) since += spent;
          return { spend, budget_reset_at: iso(NOW + resets * 86_400_000) };
        });
        const seen = totals(...looks) as number[];
        for (const [index, total] of seen.entries()) expect(total).toBeGreaterThanOrEqual(seen[index - 1] ?? 0);
        expect(seen.at(-1)).toBeLessThanOrEqual(since);
      }),
    );
  });

  it('is said for keys alone that no metric ever showed, under a name and a process of its own', () => {
    const spend = createKeySpend({ source: 'proxy/database', startedAt: NOW, counters: new Map() });
    spend.take(
      [
        { token: 'k', spend: 1 },
        { token: 'shown', spend: 2 },
      ],
      NOW + 5,
      NOBODY,
    );
    expect(spend.readings(new Set(['shown']))).toEqual([
      {
        ...{ at: NOW + 5, source: 'proxy/database', key: 'k', model: 'database', process: `proxy/database/${NOW}` },
        ...{ spendUsd: 0, promptTokens: 0, completionTokens: 0 },
      },
    ]);
  });

  it('begins at nothing again when a metric showed the key in the meantime', () => {
    const spend = createKeySpend({ source: 'x', startedAt: NOW, counters: new Map() });
    const shown = new Set<string>();
    const look = (dollars: number): number | undefined => {
      spend.take([{ token: 'k', spend: dollars }], NOW, shown);
      return spend.readings(NOBODY)[0]?.spendUsd;
    };
    expect([look(1), look(3)]).toEqual([0, 2]);
    shown.add('k');
    expect(look(50)).toBe(0);
    shown.delete('k');
    expect(look(51)).toBe(1);
  });

  it('is said by the first of two sources that read one table', () => {
    const counters = new Map<string, string>();
    const [one, other] = ['a', 'b'].map((source) => createKeySpend({ source, startedAt: NOW, counters }));
    one?.take([{ token: 'k', spend: 1 }], NOW, NOBODY);
    const rows = ['k', 'l'].map((token) => ({ token, spend: 1 }));
    other?.take(rows, NOW, NOBODY);
    one?.take(rows, NOW, NOBODY);
    expect([one, other].map((spend) => spend?.readings(NOBODY).map(({ key }) => key))).toEqual([['k'], ['l']]);
  });

  it('forgets the keys that were not listed for longest', () => {
    const spend = createKeySpend({ source: 'x', startedAt: NOW, counters: new Map() });
    const rows = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => ({ token: `k${from + index}`, spend: 10 }));
    spend.take(rows(0, 5_000), NOW, NOBODY);
    spend.take(rows(5_000, 15_001), NOW + 1, NOBODY);
    spend.take(
      [
        { token: 'k0', spend: 11 },
        { token: 'k15000', spend: 11 },
      ],
      NOW + 2,
      NOBODY,
    );
    expect(spend.readings(NOBODY).map(({ spendUsd }) => spendUsd)).toEqual([0, 1]);
  });
});

describe('a row', () => {
  it.each<[unknown, boolean]>([
    [{ token: 'k', spend: 1 }, true],
    [{ token: 'k', spend: 0, key_alias: 5 }, true],
    ['k', false],
    [null, false],
    [{ token: 'k' }, false],
    [{ spend: 1 }, false],
    [{ token: 'k', spend: '1' }, false],
    [{ token: 'k', spend: -1 }, false],
    [{ token: 'k', spend: Number.NaN }, false],
  ])('%j: %s', (value, expected) => {
    expect(isKeyRow(value)).toBe(expected);
  });

  const shown = {
    key: 'k',
    alias: 'said',
    teamId: 't',
    teamAlias: 'T',
    budget: { maxUsd: 9, remainingUsd: 3, resetsAt: 5 },
  };
  it.each<[string, KeyRow, typeof shown | undefined, object]>([
    [
      'alone',
      { token: 'k', spend: 4, key_alias: 'a', team_id: 'u', max_budget: 10, budget_reset_at: iso(NOW), blocked: true },
      undefined,
      { alias: 'a', teamId: 'u', budget: { maxUsd: 10, remainingUsd: 6, resetsAt: NOW }, blocked: true },
    ],
    [
      'beside the metrics: what is left they know sooner',
      { token: 'k', spend: 4, max_budget: 10 },
      shown,
      { alias: 'said', teamId: 't', teamAlias: 'T', budget: { maxUsd: 10, remainingUsd: 3 }, blocked: false },
    ],
    ['without a budget there is nothing left', { token: 'k', spend: 4, max_budget: null }, shown, { budget: {} }],
  ])('tells of a key %s', (_what, row, known, expected) => {
    expect(factsOf(row, known)).toMatchObject(expected);
    if ('maxUsd' in (expected as { budget: object }).budget) return;
    expect(factsOf(row, known).budget).toEqual({});
  });

  it.each([
    ['2026-11-26T02:00:00Z', NOW],
    ['2026-11-26T02:00:00', NOW],
    ['2026-11-26T02:00:00.000000+00:00', NOW],
    ['2026-11-26T03:00:00+0100', NOW],
    ['tomorrow', undefined],
    [null, undefined],
  ])('has the moment %s', (text, expected) => {
    expect(momentOf(text)).toBe(expected);
  });
});
