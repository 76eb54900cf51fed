import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import pino from 'pino';
import { notedFile } from '../../src/desk/noted-file';
import { SignIns } from '../../src/desk/sign-ins';
import type { Sessions } from '../../src/intake/console/session';
import type { Database } from '../../src/ledger/database';
import { SqlStore } from '../../src/ledger/sql-store';
import { type State, StoreUnavailable } from '../../src/ledger/store';
import type { Operator } from '../../src/operators/operator';
import { codeOf, people, startDesk, TestClock, testOperators } from './desk';
import { type Answered, type CallOptions, type Door, FakeRecords, openDoor } from './http';
import { pageHeaders, sent, testSessions } from './session';
import { emptied, LEDGER_KEY, testSealer } from './store';
import { ToyCutter } from './toy-cutter';

/** A database that can be away, or silent. */
class Troubled implements Database {
  away = false;
  silent = false;
  constructor(private readonly real: Database) {}

  async query(text: string, params?: unknown[]): Promise<{ rows: unknown[] }> {
    if (this.away) throw new StoreUnavailable('away');
    if (this.silent) return new Promise(() => undefined);
    return this.real.query(text, params);
  }
}

export interface Stage {
  readonly clock: TestClock;
  readonly cutter: ToyCutter;
  readonly door: Door;
  readonly desk: ReturnType<typeof startDesk>;
  readonly database: Troubled;
  readonly signIns: SignIns;
  readonly sessions: Sessions;
  readonly alarms: string[];
  /** What the file of operators holds. */
  operators: readonly Operator[];
  /** Signs in with a fresh code. */
  signIn(name?: string, code?: string): Promise<Answered>;
  /** As the page does it, with this cookie. */
  page(cookie: string, method: string, path: string, options?: CallOptions): Promise<Answered>;
  code(name?: string): string;
  /** What codes were used for, as the ledger has it. */
  uses(): Promise<State['operators']>;
  lines(): Promise<readonly { readonly kind: string; readonly data: Readonly<Record<string, unknown>> }[]>;
  restarted(): Promise<Restarted>;
  /** Where what happened without the ledger is kept. */
  readonly folder: string;
  /** With that folder. */
  readonly troubles: readonly unknown[];
  close(): Promise<void>;
}

export interface Restarted {
  readonly desk: ReturnType<typeof startDesk>['desk'];
  readonly signIns: SignIns;
  close(): Promise<void>;
}

/** The console's doors before a real desk on a real ledger, with a clock and a file of operators of the test's own. */
export async function startStage(pglite: PGlite, config: Record<string, unknown> = {}): Promise<Stage> {
  const clock = new TestClock();
  const cutter = new ToyCutter();
  await emptied(pglite);
  const database = new Troubled(pglite);
  const store = new SqlStore({
    ...{ database, ledgerKey: LEDGER_KEY, sealer: testSealer, now: clock.now, timeoutMs: 2_000 },
  });
  await store.refresh();
  const drill: Operator = { ...(people[0] as Operator), name: 'drill' };
  const desk = startDesk({ store, cutters: [cutter], clock, config, drillOperator: () => drill });
  desk.start();
  const alarms: string[] = [];
  let ids = 0;
  const folder = mkdtempSync(join(tmpdir(), 'pullcord-sign-ins-'));
  const troubles: unknown[] = [];
  const noted = notedFile(folder, (error) => troubles.push(error));
  const signIns = new SignIns({
    noted,
    ...{ config: { bounds: { ledgerMs: 200, replyMs: 500 } }, store, desk: desk.desk, now: clock.now },
    ...{
      logger: pino({ level: 'silent' }),
      alarm: (key: string) => alarms.push(key),
      randomId: () => `sign-in-${++ids}`,
    },
  });
  let operators = people;
  const file = testOperators();
  const byName = (name: string) => operators.find((one) => one.name === name);
  const sessions = testSessions({ now: clock.now, operators: { ...file, byName } });
  /** As it is after a restart: what it knew is what it kept. */
  const restarted = async (): Promise<Restarted> => {
    const again = startDesk({ store, cutters: [cutter], clock, config });
    again.start();
    const logger = pino({ level: 'silent' });
    const bounds = { ledgerMs: 200, replyMs: 500 };
    const own = new SignIns({
      ...{ noted, config: { bounds }, store, desk: again.desk, now: clock.now, logger },
      ...{ alarm: () => undefined, randomId: () => `restarted-${++ids}` },
    });
    return { desk: again.desk, signIns: own, close: again.close };
  };
  const door = await openDoor({ desk: desk.desk, records: new FakeRecords(), sessions, signIns });
  const code = (name = 'alice') => codeOf(name, clock.now());
  const lines = () => store.lines({ limit: 200 });
  return {
    ...{ clock, cutter, door, desk, database, signIns, sessions, alarms, code, lines, restarted, folder, troubles },
    get operators() {
      return operators;
    },
    set operators(now) {
      operators = now;
    },
    signIn: (name = 'alice', typed = code(name)) =>
      door.call('POST', '/console/session', {
        ...{ token: '', headers: pageHeaders, body: { operator: name, code: typed } },
      }),
    page: (cookie, method, path, { headers, ...options } = {}) =>
      door.call(method, path, { token: '', headers: { ...pageHeaders, cookie, ...headers }, ...options }),
    uses: async () => (await store.refresh()).operators,
    close: async () => {
      database.silent = false;
      await door.listener.close();
      await desk.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The cookie that an answer gave. */
export const cookieOf = ({ headers }: Answered): string => sent(headers.get('set-cookie'));
