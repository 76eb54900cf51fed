import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Enforcer } from '../../src/latch/enforcer';
import type { Latch } from '../../src/latch/latch';
import type { Leases } from '../../src/ledger/leases';
import { Spool } from '../../src/ledger/spool';
import { type State, type Store, StoreUnavailable } from '../../src/ledger/store';
import { ToyCutter } from '../support/toy-cutter';
import { until } from '../support/until';

const latch: Latch = { scope: 'agent', state: 'restoring', order: 2, since: 0, incident: 1 };
const state: State = {
  ...{ head: { seq: 1, at: 0, hash: '' }, orders: 2, operators: new Map(), permits: new Map() },
  ...{ latches: new Map([['agent', latch]]), backupCodesUsed: new Set() },
};

/** One of several instances in the middle of a restore, with a ledger that can fall silent and a clock of its own. */
function start(shared: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'pullcord-silence-'));
  const cutter = new ToyCutter();
  cutter.cut.add('agent');
  const now = { monotonic: 100_000 };
  const ledger = { silent: false };
  const store = {
    mirror: () => state,
    refresh: async () => {
      if (ledger.silent) throw new StoreUnavailable('silent');
      return state;
    },
    commit: async () => ({ status: 'committed', state }),
  } as unknown as Store;
  const leases: Leases = {
    holder: 'b',
    claim: async (_name, { ms }) => ({ held: true, untilMs: now.monotonic + ms }),
    release: async () => undefined,
  };
  const nothing = (): void => undefined;
  const enforcer = new Enforcer({
    ...{ store, spool: new Spool(folder, nothing), cutters: [cutter], scopes: ['agent', 'llm', 'drill'] },
    ...{ logger: pino({ level: 'silent' }), now: () => now.monotonic, monotonic: () => now.monotonic, periodMs: 5 },
    ...(shared ? { leases } : {}),
    events: {
      ...{ settled: nothing, wrote: nothing, drift: nothing, trouble: nothing, cleared: nothing, unsettled: nothing },
    },
  });
  const passed = async (): Promise<void> => {
    const before = cutter.goals.length;
    await until(() => cutter.goals.length > before + 2);
  };
  return {
    ...{ cutter, now, ledger, enforcer, passed },
    close: async () => {
      await enforcer.close();
      rmSync(folder, { recursive: true });
    },
  };
}

it('law 1: after a silence of the shared ledger a restore waits until other instances could say what they stopped', async () => {
  const { cutter, now, ledger, enforcer, passed, close } = start(true);
  ledger.silent = true;
  enforcer.start();
  await passed();
  expect(cutter.writes).toEqual([]);
  ledger.silent = false;
  now.monotonic += 4_900;
  await passed();
  expect(cutter.writes).toEqual([]);
  now.monotonic += 200;
  await until(() => cutter.writes.length > 0);
  expect(cutter.writes).toEqual(['release agent']);
  await close();
});

it('so it does when only the watch of the ledger has met the silence', async () => {
  const { cutter, now, enforcer, passed, close } = start(true);
  enforcer.ledgerSilent();
  enforcer.start();
  await passed();
  expect(cutter.writes).toEqual([]);
  now.monotonic += 5_100;
  await until(() => cutter.writes.length > 0);
  await close();
});

it('nobody waits where nobody else could have stopped anything', async () => {
  const { cutter, enforcer, close } = start(false);
  enforcer.ledgerSilent();
  enforcer.start();
  await until(() => cutter.writes.length > 0);
  expect(cutter.writes).toEqual(['release agent']);
  await close();
});
