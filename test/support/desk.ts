import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSync } from 'otplib';
import pino from 'pino';
import { configSchema } from '../../src/config/schema';
import type { Cutter } from '../../src/cutters/cutter';
import { OrderDesk } from '../../src/desk/desk';
import { Enforcer } from '../../src/latch/enforcer';
import { Spool } from '../../src/ledger/spool';
import type { Entry, Store } from '../../src/ledger/store';
import type { Operator, Operators } from '../../src/operators/operator';
import type { Proof } from '../../src/orders/desk';
import type { Action, OrderRequest } from '../../src/orders/order';

/** Two people, with secrets that are only good for tests. */
export const people: readonly Operator[] = ['alice', 'bob'].map((name, i) => ({
  name,
  phones: [`+1555010000${i + 1}`],
  rights: ['stop', 'restore', 'status'] as const,
  totpSecret: `JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PX${'AB'[i]}`,
  backupCodes: [{ id: `${name}-1`, mac: `${i + 1}`.repeat(12) }],
}));

/** The mac of a test's backup code is the code itself. */
export const testOperators = (all: readonly Operator[] = people): Operators => ({
  all: () => all,
  byName: (name) => all.find((operator) => operator.name === name),
  byPhone: (phone) => all.find((operator) => operator.phones.includes(phone)),
  byBackupCode: (digits) => {
    const operator = all.find(({ backupCodes }) => backupCodes.some(({ mac }) => mac === digits));
    const code = operator?.backupCodes.find(({ mac }) => mac === digits);
    return operator && code && { operator, id: code.id };
  },
});

/** A clock that a test moves. */
export class TestClock {
  constructor(private at = Date.UTC(2026, 0, 1)) {}
  readonly now = (): number => this.at;
  advance(seconds: number): void {
    this.at += seconds * 1000;
  }
}

export const codeOf = (name: string, now: number): string => {
  const secret = people.find((operator) => operator.name === name)?.totpSecret ?? '';
  return generateSync({ secret, epoch: Math.floor(now / 1000) });
};

let serial = 0;
export const request = (action: Action, scope = 'agent', key = `test-${++serial}`): OrderRequest => ({
  ...{ key, action, scope, source: 'sms', correlation: key },
});

export interface TestDeskOptions {
  readonly store: Store;
  readonly cutters: readonly Cutter[];
  readonly clock: TestClock;
  readonly config?: Record<string, unknown>;
  readonly dataDir?: string;
  readonly drillOperator?: () => Operator | undefined;
  readonly scopes?: readonly string[];
}

/** A desk with its enforcer, upon a store and cutters that the test brings. */
export function startDesk({ store, cutters, clock, config, dataDir, drillOperator, ...options }: TestDeskOptions) {
  const { scopes = ['agent', 'llm', 'drill'] } = options;
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'pullcord-'));
  const logger = pino({ level: 'silent' });
  const spool = new Spool(folder, () => undefined);
  const told: string[] = [];
  const refusals: Entry[] = [];
  const enforcer = new Enforcer({
    ...{ store, spool, cutters, logger, now: clock.now, periodMs: 20, scopes },
    events: {
      settled: (latch) => told.push(`${latch.state} ${latch.scope} ${latch.order}`),
      drift: (cutter, what) => told.push(`drift ${cutter} ${what}`),
      wrote: () => undefined,
      trouble: () => undefined,
      cleared: () => undefined,
      unsettled: () => undefined,
    },
  });
  const desk = new OrderDesk({
    config: configSchema.parse({
      publicUrl: 'https://pullcord.example.org',
      key: 'k',
      gateways: { main: { adminUrl: 'http://127.0.0.1:1', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:2'] } },
      scopes: { agent: { routes: [{ all: true }] }, llm: { routes: [{ id: 'llm' }] } },
      bounds: { ledgerMs: 200 },
      ...config,
    }),
    ...{ store, spool, enforcer, operators: testOperators(), logger, now: clock.now },
    ...(drillOperator ? { drillOperator } : {}),
    events: {
      accepted: () => undefined,
      alarm: (key, text) => told.push(`alarm ${key}: ${text}`),
      refused: (refusal) => refusals.push(refusal),
    },
  });
  const by = (name: string, code: string | undefined = codeOf(name, clock.now())): Proof => ({
    kind: 'operator',
    operator: name,
    code,
  });
  return {
    ...{ desk, enforcer, spool, told, refusals, by },
    start: () => enforcer.start(),
    close: async () => {
      desk.close();
      await enforcer.close();
      if (dataDir === undefined) rmSync(folder, { recursive: true });
    },
  };
}
