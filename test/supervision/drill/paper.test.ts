import pino from 'pino';
import type { DrillShelf } from '../../../src/ledger/drill-shelf';
import { type Entry, StoreUnavailable } from '../../../src/ledger/store';
import { createPaper, type Paper } from '../../../src/supervision/drill/paper';
import type { DrillReport } from '../../../src/supervision/drill/report';
import { freshStore } from '../../support/store';

/** The shelf of drills on a real database, and two instances that write there. */

type Store = Awaited<ReturnType<typeof freshStore>>;
let store: Store;
let shelf: DrillShelf<DrillReport>;
beforeAll(async () => {
  store = await freshStore();
  shelf = store.store.drillShelf();
});
afterEach(async () => {
  await store.pglite.exec('delete from pullcord.drill');
});
afterAll(() => store.close());

interface Instance {
  readonly paper: Paper;
  readonly told: DrillReport[];
  readonly lines: Entry[];
  away: boolean;
}

let now = 1_000_000;
function instance(): Instance {
  const it = { told: [] as DrillReport[], lines: [] as Entry[], away: false };
  const reached = new Proxy(shelf, {
    get: (target, name: keyof DrillShelf<DrillReport>) => (first: never) => {
      if (it.away) return Promise.reject(new StoreUnavailable('away'));
      return (target[name] as (first: never) => unknown).call(target, first);
    },
  });
  const paper = createPaper({
    ...{ shelf: reached, now: () => now, logger: pino({ level: 'silent' }) },
    record: (entry) => it.lines.push(entry),
    tell: (report) => it.told.push(report),
  });
  return Object.assign(it, { paper });
}

const running = (id: string): DrillReport => ({
  ...{ id, state: 'running', by: 'schedule', startedAt: now, steps: [], text: 'Drill under way.' },
});
const passed = (id: string): DrillReport => ({ ...running(id), state: 'passed', endedAt: now, ms: 5, text: 'Passed.' });

it('tells an end once, and shows it to all instances', async () => {
  const [a, b] = [instance(), instance()];
  await a.paper.begin(running('d-1'));
  expect(await b.paper.look()).toBe(true);
  await a.paper.end(passed('d-1'));
  expect(await b.paper.look()).toBe(false);
  expect(b.paper.recent()).toEqual([passed('d-1')]);
  await b.paper.bury();
  expect([a.told, b.told]).toEqual([[passed('d-1')], []]);
  expect(a.lines.map(({ data }) => data.state)).toEqual(['running', 'passed']);
});

it('of a drill that died the report is ended by whoever cleans up; who wakes up then tells nothing', async () => {
  const [frozen, other] = [instance(), instance()];
  await frozen.paper.begin(running('d-1'));
  await other.paper.bury();
  const text = expect.stringMatching(/^Drill broken off: Pullcord ended or stood still/);
  expect(other.told).toMatchObject([{ id: 'd-1', state: 'failed', brokenOff: expect.any(String), text }]);
  await frozen.paper.end(passed('d-1'));
  expect(frozen.told).toEqual([]);
  expect(await shelf.get('d-1')).toMatchObject({ state: 'failed', text });
});

it('what the ledger does not take at once is told at once, and taken later as it was', async () => {
  const a = instance();
  await a.paper.begin(running('d-1'));
  a.away = true;
  await a.paper.end(passed('d-1'));
  expect(a.told).toEqual([passed('d-1')]);
  await expect(a.paper.look()).rejects.toThrow(StoreUnavailable);
  a.away = false;
  await a.paper.bury();
  expect(await shelf.get('d-1')).toEqual(passed('d-1'));
  expect(a.told).toHaveLength(1);
});

it('what was skipped is on the shelf, and told', async () => {
  const a = instance();
  const skipped: DrillReport = { ...passed('d-2'), state: 'skipped', text: 'Drill skipped: agent is severed.' };
  await a.paper.skip(skipped);
  expect(a.told).toEqual([skipped]);
  expect(await shelf.newest(5)).toEqual([skipped]);
  expect(await a.paper.look()).toBe(false);
});

it('knows what another instance found out within a minute, and keeps the newest 200', async () => {
  const [a, b] = [instance(), instance()];
  expect(a.paper.recent()).toBeUndefined();
  await a.paper.look();
  expect(a.paper.recent()).toEqual([]);
  for (let i = 0; i < 203; i++) {
    now += 1;
    await b.paper.skip({ ...passed(`d-${i}`), state: 'skipped' });
  }
  await a.paper.look();
  expect(a.paper.recent()).toEqual([]);
  now += 60_000;
  await a.paper.look();
  expect(a.paper.recent()?.[0]).toMatchObject({ id: 'd-202' });
  expect(await shelf.newest(500)).toHaveLength(200);
});
