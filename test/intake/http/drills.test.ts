import { StoreUnavailable } from '../../../src/ledger/store';
import type { DrillReport } from '../../../src/supervision/drill/report';
import { type Door, FakeDrills, NOW, openDoor } from '../../support/http';

const at = new Date(NOW).toISOString();
const ended: DrillReport = {
  ...{ id: 'd-1', state: 'passed', by: 'token:n8n', startedAt: NOW, endedAt: NOW, ms: 420, text: 'Drill passed.' },
  steps: [
    { name: 'gateway', gateway: 'main', ok: true, ms: 3, usualMs: 2 },
    { name: 'stop', ok: true, ms: 9, detail: 'by publicUrl' },
  ],
  compared: { drills: 1, medianMs: 400, slower: false },
};
const shown = { ...ended, startedAt: at, endedAt: at };

let drills: FakeDrills;
let door: Door;
beforeEach(async () => {
  drills = new FakeDrills();
  door = await openDoor({ drills });
});
afterEach(() => door.listener.close());

it('begins one in the name of the token, and says where to look', async () => {
  const { status, json, headers } = await door.call('POST', '/api/v1/drills', { token: 'driller' });
  expect([status, headers.get('location')]).toEqual([202, '/api/v1/drills/d-1']);
  expect(json).toEqual({
    id: 'd-1',
    state: 'running',
    by: 'token:driller',
    startedAt: at,
    steps: [],
    text: expect.any(String),
  });
  expect(drills.asked).toEqual([{ by: 'token:driller' }]);
});

it('waits for its end when it is asked to', async () => {
  drills.begins = ended;
  expect(await door.call('POST', '/api/v1/drills?wait=30', { token: 'driller' })).toMatchObject({
    status: 200,
    json: shown,
  });
  expect(drills.asked.at(-1)).toEqual({ id: 'd-1', waitMs: 30_000 });
});

it('shows one, and the newest, field by field', async () => {
  drills.known = [{ ...ended, secret: 'inside' } as DrillReport];
  expect((await door.call('GET', '/api/v1/drills/d-1?wait=5')).json).toEqual(shown);
  expect((await door.call('GET', '/api/v1/drills')).json).toEqual({ drills: [shown] });
  expect((await door.call('GET', '/api/v1/drills?limit=7')).json).toEqual({ drills: [shown] });
  expect(drills.asked).toEqual([{ id: 'd-1', waitMs: 5_000 }, { limit: 20 }, { limit: 7 }]);
  expect(await door.call('GET', '/api/v1/drills/d-2')).toMatchObject({ status: 404, json: { reason: 'not-found' } });
});

it.each([
  ['POST', '/api/v1/drills', 'driller', 202],
  ['POST', '/api/v1/drills', 'n8n', 403],
  ['POST', '/api/v1/drills', 'reader', 403],
  ['POST', '/api/v1/drills', '', 401],
  ['GET', '/api/v1/drills', 'driller', 200],
  ['GET', '/api/v1/drills', 'reader', 200],
  ['GET', '/api/v1/drills', 'stopper', 403],
  ['GET', '/api/v1/drills/x', 'stopper', 403],
  ['GET', '/api/v1/drills/x', 'driller', 404],
])('%s %s by the token %j: %d', async (method, path, token, status) => {
  expect(await door.call(method, path, { token })).toMatchObject({ status });
  if (status === 401 || status === 403) expect(drills.asked).toEqual([]);
});

it.each(['/api/v1/drills?wait=31', '/api/v1/drills/x?wait=-1', '/api/v1/drills?limit=0', '/api/v1/drills?limit=201'])(
  '%s is refused',
  async (path) => expect(await door.call('GET', path)).toMatchObject({ status: 400 }),
);

it('says why it does not begin one now', async () => {
  drills.refusal = { refused: 'not-now', detail: 'agent is severed.' };
  expect(await door.call('POST', '/api/v1/drills', { token: 'driller' })).toMatchObject({
    status: 409,
    json: { reason: 'not-now', detail: expect.stringContaining('agent is severed.') },
  });
});

it('says so when the ledger is away', async () => {
  drills.start = () => Promise.reject(new StoreUnavailable('away'));
  expect(await door.call('POST', '/api/v1/drills', { token: 'driller' })).toMatchObject({
    status: 503,
    json: { reason: 'ledger-unavailable' },
  });
});
