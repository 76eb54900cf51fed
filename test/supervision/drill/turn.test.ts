import pino from 'pino';
import type { Refusal } from '../../../src/orders/reasons';
import { TryAgain } from '../../../src/queue/jobs';
import type { DrillReport } from '../../../src/supervision/drill/report';
import { createTurn } from '../../../src/supervision/drill/turn';

/** What is done when the queue says that a drill is due. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DUE = Date.parse('2026-01-05T09:00:00Z');
const weekly = { cron: '0 9 * * 1', timeZone: 'UTC' };

interface World {
  now: number;
  elapsed: number;
  refusal: Refusal | undefined;
  /** Newest first; of all instances. */
  readonly shelf: DrillReport[];
  readonly skipped: DrillReport[];
  turn(): Promise<void>;
}

function world({ schedule = 'weekly' as 'weekly' | 'none', settled = true } = {}): World {
  const it = { now: DUE, elapsed: 0, refusal: undefined as Refusal | undefined, shelf: [] as DrillReport[] };
  const skipped: DrillReport[] = [];
  const turn = createTurn({
    schedule: schedule === 'weekly' ? weekly : undefined,
    drills: {
      start: async (by) => {
        if (it.refusal) return it.refusal;
        const id = `d-${it.shelf.length}`;
        const begun: DrillReport = { id, state: 'running', by, startedAt: it.now, steps: [], text: '' };
        it.shelf.unshift(begun);
        return begun;
      },
      newest: async () => it.shelf,
    },
    paper: {
      skip: async (report) => {
        skipped.push(report);
        it.shelf.unshift(report);
      },
    },
    ...{ now: () => it.now, monotonic: () => it.elapsed, randomId: () => 'd-skipped' },
    logger: pino({ level: 'silent' }),
  });
  if (settled) it.elapsed = 10 * MINUTE_MS;
  return Object.assign(it, { skipped, turn });
}

it('begins a drill in the name of the schedule', async () => {
  const it = world();
  await it.turn();
  expect(it.shelf).toMatchObject([{ by: 'schedule', startedAt: DUE }]);
});

it('makes one drill of one time, however often it is told and whoever takes it', async () => {
  const it = world();
  for (const later of [0, 1, 5 * MINUTE_MS, 3 * HOUR_MS, 6 * 24 * HOUR_MS]) {
    it.now = DUE + later;
    await it.turn();
  }
  expect(it.shelf).toHaveLength(1);
  it.now = DUE + 7 * 24 * HOUR_MS;
  await it.turn();
  expect(it.shelf).toHaveLength(2);
});

it.each([-30_000, -1, 0, 30_000])('takes a clock for right that is %d ms off', async (off) => {
  const it = world();
  it.now = DUE + off;
  await it.turn();
  it.now = DUE + 30_000;
  await it.turn();
  expect(it.shelf).toHaveLength(1);
});

it('a drill that a person began counts for no time of the schedule', async () => {
  const it = world();
  it.shelf.unshift({ id: 'd', state: 'passed', by: 'token:n8n', startedAt: DUE, steps: [], text: '' });
  await it.turn();
  expect(it.shelf).toMatchObject([{ by: 'schedule' }, { by: 'token:n8n' }]);
});

it('of the times that were missed makes up the last alone', async () => {
  const it = world();
  it.shelf.unshift({
    id: 'd',
    state: 'passed',
    by: 'schedule',
    startedAt: DUE - 700 * 24 * HOUR_MS,
    steps: [],
    text: '',
  });
  it.now = DUE + 50 * HOUR_MS;
  await it.turn();
  await it.turn();
  expect(it.shelf).toHaveLength(2);
});

it('waits until Pullcord has settled: a gateway that was not looked at yet is no broken one', async () => {
  const it = world({ settled: false });
  await expect(it.turn()).rejects.toThrow(TryAgain);
  it.elapsed = MINUTE_MS - 1;
  await expect(it.turn()).rejects.toThrow(TryAgain);
  expect(it.shelf).toEqual([]);
  it.elapsed = MINUTE_MS;
  await it.turn();
  expect(it.shelf).toHaveLength(1);
});

it('waits for a fire to end, two hours long; then it is skipped, and its reason stands on the shelf', async () => {
  const it = world();
  it.refusal = { refused: 'not-now', detail: 'agent is severed.' };
  for (const later of [0, MINUTE_MS, 63 * MINUTE_MS]) {
    it.now = DUE + later;
    await expect(it.turn()).rejects.toThrow(TryAgain);
  }
  expect(it.skipped).toEqual([]);
  it.now = DUE + 127 * MINUTE_MS;
  await it.turn();
  const text = 'Drill skipped: it was due at 2026-01-05T09:00:00.000Z, and agent is severed.';
  expect(it.skipped).toEqual([
    { id: 'd-skipped', state: 'skipped', by: 'schedule', startedAt: it.now, endedAt: it.now, steps: [], text },
  ]);
  it.refusal = undefined;
  await it.turn();
  expect(it.shelf).toHaveLength(1);
});

it('is made when the fire ends in time', async () => {
  const it = world();
  it.refusal = { refused: 'not-now', detail: 'agent is severed.' };
  await expect(it.turn()).rejects.toThrow(TryAgain);
  it.refusal = undefined;
  it.now = DUE + 7 * MINUTE_MS;
  await it.turn();
  expect(it.shelf).toMatchObject([{ by: 'schedule', startedAt: it.now }]);
});

it('without a schedule does nothing: a job may outlive the configuration that wanted it', async () => {
  const it = world({ schedule: 'none' });
  await it.turn();
  expect([it.shelf, it.skipped]).toEqual([[], []]);
});
