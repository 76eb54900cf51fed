import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SnapshotSpool } from '../../src/ledger/snapshot-spool';
import { type Snapshot, StoreUnavailable } from '../../src/ledger/store';
import { testSealer } from '../support/store';

const snapshot = (route: string, more = {}): Snapshot => ({
  ...{ gateway: 'main', route, before: { uri: '/x', key: 'sk-provider', ...more }, written: {} },
});

describe('law 4, doubt stops, never starts: snapshots without the ledger', () => {
  let dataDir: string;
  let away: boolean;
  let calls: number;
  const kept = new Map<string, Snapshot>();
  const whenThere = async <T>(value: () => T): Promise<T> => {
    calls += 1;
    if (away) throw new StoreUnavailable('away');
    return value();
  };
  const store = {
    saveSnapshot: (one: Snapshot) => whenThere(() => void kept.set(one.route, one)),
    snapshots: () => whenThere(() => [...kept.values()]),
    dropSnapshot: (_gateway: string, route: string) => whenThere(() => void kept.delete(route)),
  };
  let unrecorded: boolean;
  const spool = () =>
    new SnapshotSpool({ store, sealer: testSealer, dataDir, boundMs: 500, unrecorded: () => unrecorded });
  const files = () => readdirSync(join(dataDir, 'snapshots'));

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'pullcord-snapshots-'));
    away = true;
    unrecorded = false;
    calls = 0;
    kept.clear();
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  it('are kept in sealed files, read by nobody until the store is back, and move there then', async () => {
    await spool().saveSnapshot(snapshot('r/1'));
    expect(files()).toHaveLength(1);
    expect(readFileSync(join(dataDir, 'snapshots', files()[0] ?? ''), 'utf8')).not.toContain('provider');
    await expect(spool().snapshots('main')).rejects.toBeInstanceOf(StoreUnavailable);
    expect(files()).toHaveLength(1);

    away = false;
    expect(await spool().snapshots('main')).toEqual([snapshot('r/1')]);
    expect(files()).toEqual([]);
    expect([...kept.keys()]).toEqual(['r/1']);
  });

  it('wait for a store that is away once, not for each of a thousand routes', async () => {
    const one = spool();
    for (let route = 0; route < 50; route++) await one.saveSnapshot(snapshot(`r${route}`));
    expect(calls).toBe(1);
    expect(files()).toHaveLength(50);
  });

  it('replace what the store had: the route was changed meanwhile', async () => {
    kept.set('r1', snapshot('r1'));
    await spool().saveSnapshot(snapshot('r1', { uri: '/new' }));
    away = false;
    expect(await spool().snapshots('main')).toEqual([snapshot('r1', { uri: '/new' })]);
  });

  it('are shown to no other instance before the stop is on paper that they were made for', async () => {
    away = false;
    unrecorded = true;
    kept.set('r0', snapshot('r0'));
    kept.set('r1', snapshot('r1', { uri: '/old' }));
    await spool().saveSnapshot(snapshot('r1'));
    await spool().saveSnapshot({ ...snapshot('r1'), gateway: 'other' });
    expect(await spool().snapshots('main')).toEqual([snapshot('r0'), snapshot('r1')]);
    expect(kept.get('r1')).toEqual(snapshot('r1', { uri: '/old' }));

    unrecorded = false;
    expect((await spool().snapshots('main')).map(({ route }) => route)).toContain('r1');
    expect(files()).toEqual([]);
  });

  it('are in the store alone while that answers', async () => {
    away = false;
    await spool().saveSnapshot(snapshot('r1'));
    expect(readdirSync(dataDir)).toEqual([]);
  });
});
