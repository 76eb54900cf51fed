import type { Entry, Line } from '../../../src/ledger/store';
import type { Paper } from '../../../src/ledger/story/paper';
import type { Order } from '../../../src/orders/order';

/** 2026-01-02, 03:00 UTC. */
export const OPENED = Date.UTC(2026, 0, 2, 3);

export type At = readonly [seconds: number, kind: Entry['kind'], data: object];

/** Lines that follow each other, each with seconds since the sever. */
export const linesOf = (...entries: readonly At[]) =>
  entries.map(
    ([seconds, kind, data], i): Line => ({
      ...{ seq: i + 1, at: OPENED + seconds * 1000, kind, data: data as Entry['data'], hash: '' },
    }),
  );

/** Severed by alice, seen after a second; restored by bob half an hour later. */
export const paperOf = (lines: readonly Line[], more: Partial<Paper['incident']> = {}): Paper => ({
  incident: {
    ...{ number: 7, scope: 'agent', openedBy: 'alice', openedAt: OPENED, severedAt: OPENED + 1_000 },
    ...{ closedAt: OPENED + 1_800_000, orders: [7, 8], ...more },
  },
  lines,
  truncated: false,
});

export const order = (number: number, action: Order['action'] = 'sever', by = 'alice', scope = 'agent') =>
  ['order', { number, action, scope, source: 'sms', by, correlation: `c${number}` }] as const;

/** What the tripwire writes down of a signal. */
export const figures = (more: object = {}) => ({
  ...{ level: 'trip', rule: 'level', subject: { kind: 'key', id: 'ab', name: 'key agent-1' }, unit: 'usd' },
  ...{ windowSeconds: 60, observed: 4, usual: 0.1, limit: 1, beyondUsual: 12, beyondUsualPerMinute: 3 },
  since: new Date(OPENED - 300_000).toISOString(),
  at: new Date(OPENED - 1_000).toISOString(),
  ...{ scope: 'agent', why: 'key agent-1: $4.00 in the last minute', ...more },
});
