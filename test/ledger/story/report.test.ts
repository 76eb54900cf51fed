import fc from 'fast-check';
import { duration, reportOf, since } from '../../../src/ledger/story/report';
import { storyOf } from '../../../src/ledger/story/story';
import { figures, linesOf, OPENED, order, paperOf } from './on-paper';

const none = { fallbacks: new Set<string>(), now: OPENED + 3_600_000 };

it('is a draft with all that the ledger has, and headings for what only people know', () => {
  const changes = [{ path: '/plugins/fault-injection', after: { abort: 'x|y' } }];
  const paper = paperOf(
    linesOf(
      [-1, 'tripped', figures({ order: 7, mode: 'act', why: 'a *key* | more' })],
      [0, ...order(7, 'sever', 'tripwire')],
      [
        1,
        'write',
        { cutter: 'apisix main', order: 7, what: 'x', objects: [{ gateway: 'main', objects: ['routes/a'], changes }] },
      ],
      [1, 'severed', { scope: 'agent', order: 7, gateways: 1, routes: 1 }],
      [1800, 'restored', { scope: 'agent', order: 8, gateways: 1 }],
    ),
    { reason: 'see <http://evil.example>' },
  );
  expect(reportOf(paper.incident, storyOf(paper, none))).toBe(`# Incident 7: agent

A draft from Pullcord's ledger. Times are UTC; what only people know is left to you.

## Summary

- **What:** agent was severed by alice at 2026-01-02 03:00:00: see \\<http\\://evil.example\\>
- **Cut:** seen at every gateway at 2026-01-02 03:00:01, after 1.000 s
- **Restored:** seen at 2026-01-02 03:30:00, after 30 min 0 s
- **Orders:** 7, 8

## Impact

- **Began:** 2026-01-02 02:55:00, as far as could be seen
- **Spent until the cut was seen:** 12.60 USD; beyond the usual: 12.10 USD
- **In the last minutes before the cut:** 3.10 USD a minute
- **Saved, by an estimate:** 89.70 USD. What was burnt beyond the usual each minute before the cut, for 29.9 minutes: as long as the cut lasted, but an hour at most.

## Timeline

| Time | After | Who | What | Line |
| --- | --- | --- | --- | --- |
| 2026-01-02 02:55:00 | -5 min 0 s |  | key agent-1 began to spend beyond what is usual, as the tripwire saw later. |  |
| 2026-01-02 02:59:59 | -1.000 s | tripwire | The tripwire tripped: a \\*key\\* \\| more. | 1 |
| 2026-01-02 03:00:00 | +0.000 s | tripwire | The tripwire ordered to sever agent by text message: order 7. | 2 |
| 2026-01-02 03:00:01 | +1.000 s | apisix main | apisix main wrote x. | 3 |
| 2026-01-02 03:00:01 | +1.000 s |  | agent was seen severed on 1 gateway, 1 route refused. | 4 |
| 2026-01-02 03:30:00 | +30 min 0 s |  | agent was seen served again on 1 gateway. | 5 |

## Changes at the gateways

| Gateway | Object | Field | Before | After | Again as it was |
| --- | --- | --- | --- | --- | --- |
| main | routes/a | /plugins/fault-injection | nothing | \\{"abort":"x\\|y"\\} | no |

## What went well

## What did not

## What to ask

- Why did it begin, and who could have seen it earlier?
- Did anybody have to look for a phone, a code or a right?
- What of the cut was not wanted?

## What is to be done

`);
});

it('says what nobody saw, and what is not over', () => {
  const paper = paperOf(linesOf([0, ...order(7)]));
  const { severedAt: _severed, closedAt: _closed, ...open } = paper.incident;
  const report = reportOf(open, { ...storyOf(paper, none), truncated: true });
  for (const part of [
    'not yet seen at every gateway',
    'Restored:** not yet',
    'saw nothing of it',
    'None is on paper',
    'More happened',
  ])
    expect(report).toContain(part);
});

it('whatever was said by whomever, a row is a row', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (by, what) => {
      const paper = paperOf(
        linesOf(
          [0, 'order', { number: 7, action: 'sever', scope: 'agent', by, why: what }],
          [1, 'drift', { cutter: by, order: 7, what }],
        ),
      );
      const rows = reportOf(paper.incident, storyOf(paper, none))
        .split('\n')
        .filter((line) => line.startsWith('| 2'));
      expect(rows).toHaveLength(2);
      for (const row of rows) expect(row.replace(/\\[!-~]/g, '').split('|')).toHaveLength(7);
    }),
    { numRuns: 300 },
  );
});

it.each([
  [0, '+0.000 s'],
  [-1_250, '-1.250 s'],
  [59_940, '+59.9 s'],
  [61_000, '+1 min 1 s'],
  [-7_265_000, '-2 h 1 min'],
])('%i ms is %s', (ms, words) => {
  expect(since(ms)).toBe(words);
  expect(words.slice(1)).toBe(duration(Math.abs(ms)));
});
