import { codeOf, startDesk, TestClock } from '../../support/desk';
import { type Door, FakeRecords, openDoor } from '../../support/http';
import { freshStore } from '../../support/store';
import { ToyCutter } from '../../support/toy-cutter';

/** The door before the real desk, on a real ledger: what a client sees from the order to the cut. */

let clock: TestClock;
let cutter: ToyCutter;
let opened: Awaited<ReturnType<typeof freshStore>>;
let started: ReturnType<typeof startDesk>;
let door: Door;

async function open(config: Record<string, unknown> = {}): Promise<void> {
  clock = new TestClock();
  cutter = new ToyCutter();
  opened = await freshStore(clock.now);
  await opened.store.refresh();
  started = startDesk({ store: opened.store, cutters: [cutter], clock, config });
  started.start();
  const records = new FakeRecords();
  door = await openDoor({ desk: started.desk, records });
}
afterEach(async () => {
  await door.listener.close();
  await started.close();
  await opened.close();
});

const order = (body: unknown, key?: string) =>
  door.call('POST', '/api/v1/orders?wait=5', { body, ...(key ? { headers: { 'idempotency-key': key } } : {}) });
const kinds = async () => (await opened.store.lines({ limit: 100 })).map((line) => line.kind);

it('a token severs, a token alone never restores, an operator with a fresh code does', async () => {
  await open();
  expect(await order({ action: 'sever', reason: 'test' })).toMatchObject({
    status: 200,
    json: { number: 1, state: 'severed', by: 'token:n8n', missing: [] },
  });
  expect([...cutter.cut]).toEqual(['agent']);

  for (const body of [{ action: 'restore' }, { action: 'restore', operator: 'alice' }])
    expect([401, 403]).toContain((await order(body)).status);
  expect(await order({ action: 'restore', operator: 'alice', code: '000000' })).toMatchObject({
    status: 401,
    json: { reason: 'code-wrong' },
  });
  expect([...cutter.cut]).toEqual(['agent']);

  const code = codeOf('alice', clock.now());
  expect(await order({ action: 'restore', operator: 'alice', code })).toMatchObject({
    status: 200,
    json: { number: 2, state: 'live', by: 'alice' },
  });
  expect([...cutter.cut]).toEqual([]);
  expect(await order({ action: 'restore', operator: 'alice', code })).toMatchObject({
    status: 401,
    json: { reason: 'code-used' },
  });
  expect(await kinds()).toEqual(expect.arrayContaining(['order', 'severed', 'restored', 'refusal']));
});

it('the same key is the same order: a restore that is sent again does not need another code', async () => {
  await open();
  const first = await order({ action: 'sever' }, 'key-1');
  expect((await order({ action: 'sever' }, 'key-1')).json).toMatchObject({ number: first.json.number });
  expect(await order({ action: 'sever', scope: 'llm' }, 'key-1')).toMatchObject({ status: 422 });
  expect([...cutter.cut]).toEqual(['agent']);
  const restore = { action: 'restore', operator: 'alice', code: codeOf('alice', clock.now()) };
  for (let i = 0; i < 2; i++)
    expect(await order(restore, 'key-2')).toMatchObject({ status: 200, json: { number: 2, state: 'live' } });
  expect(opened.store.mirror()?.orders).toBe(2);
});

it('two operators, when the configuration wants them', async () => {
  await open({ restore: { operators: 2 } });
  await order({ action: 'sever' });
  const restore = (operator: string) => order({ action: 'restore', operator, code: codeOf(operator, clock.now()) });
  expect(await restore('alice')).toMatchObject({ status: 202, json: { state: 'pending', operator: 'alice' } });
  clock.advance(60);
  expect(await restore('alice')).toMatchObject({ status: 409, json: { reason: 'second-operator-same' } });
  expect([...cutter.cut]).toEqual(['agent']);
  expect(await restore('bob')).toMatchObject({ status: 200, json: { state: 'live', by: 'bob' } });
});

it('severed is said only of what was seen, and a scope that does not exist is told which do', async () => {
  await open();
  cutter.visible = false;
  const body = { action: 'sever' };
  expect(await door.call('POST', '/api/v1/orders', { body })).toMatchObject({
    status: 202,
    json: { state: 'severing', missing: expect.arrayContaining([expect.any(String)]) },
  });
  expect(await order({ action: 'sever', scope: 'nothing' })).toMatchObject({
    status: 404,
    json: { reason: 'unknown-scope', detail: expect.stringContaining('agent, llm') },
  });
});
