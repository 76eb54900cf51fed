import type { PGlite } from '@electric-sql/pglite';
import { request } from '../../support/desk';
import { eventsOf, type Listening } from '../../support/events-of';
import { signedIn } from '../../support/session';
import { type Stage, startStage } from '../../support/signing-in';
import { freshStore } from '../../support/store';
import { until } from '../../support/until';

/** `GET /api/v1/live` before the real desk: what a page is told without asking. */

let pglite: PGlite;
let stage: Stage;
let open: Listening[] = [];
beforeAll(async () => {
  ({ pglite } = await freshStore());
});
afterAll(() => pglite.close());
beforeEach(async () => {
  stage = await startStage(pglite);
});
afterEach(async () => {
  for (const one of open) one.hangUp();
  open = [];
  await stage.close();
});

const listen = async (headers: Record<string, string> = signedIn(stage.sessions)): Promise<Listening> => {
  const heard = await eventsOf(stage.door.url, headers);
  open.push(heard);
  return heard;
};
const states = ({ events }: Listening) =>
  events.flatMap(({ event, data }) =>
    event === 'status'
      ? [(data.scopes as { scope: string; state: string }[]).find((one) => one.scope === 'agent')?.state]
      : [],
  );

it('a change that came through another door is told to all who look on', async () => {
  const [page, program] = [await listen(), await listen({ authorization: 'Bearer n8n-secret' })];
  await until(() => states(page).length === 1 && states(program).length === 1);
  await stage.desk.desk.order(request('sever'), stage.desk.by('bob'));
  for (const one of [page, program]) {
    await until(() => states(one).at(-1) === 'severed');
    await until(() => one.events.some(({ event, data }) => event === 'incident' && data.number === 1));
  }
  stage.clock.advance(30);
  await stage.desk.desk.order(request('restore'), stage.desk.by('bob'));
  await until(() => states(page).at(-1) === 'live');
});

it.each<[string, (cookie: string) => unknown]>([
  ['its end', () => stage.clock.advance(15 * 60)],
  ['the removal of its operator', () => (stage.operators = [])],
  [
    'the loss of the right to look',
    () => (stage.operators = stage.operators.map((one) => ({ ...one, rights: ['stop'] }))),
  ],
  ['signing out', (cookie) => stage.page(cookie, 'DELETE', '/console/session')],
])('ends with the session: %s', async (_what, happens) => {
  const headers = signedIn(stage.sessions);
  const page = await listen(headers);
  const program = await listen({ authorization: 'Bearer n8n-secret' });
  await until(() => states(page).length === 1);
  await happens(headers.cookie ?? '');
  await until(() => page.ended);
  expect(page.events.at(-1)).toEqual({ event: 'bye', data: { reason: 'session-ended' } });
  expect(program.ended).toBe(false);
});

it('is for those who may look alone', async () => {
  expect((await listen({})).status).toBe(401);
  expect((await listen({ authorization: 'Bearer stopper-secret' })).status).toBe(403);
  expect((await listen({ ...signedIn(stage.sessions), 'sec-fetch-site': 'cross-site' })).status).toBe(403);
});

it('so many and no more: the next is told to ask now and then', async () => {
  const headers = { authorization: 'Bearer n8n-secret' };
  await Promise.all(Array.from({ length: 64 }, () => listen(headers)));
  expect(await stage.door.call('GET', '/api/v1/live')).toMatchObject({
    status: 503,
    json: { reason: 'too-many-listeners' },
  });
  open.pop()?.hangUp();
  await until(async () => (await stage.door.call('GET', '/api/v1/live')).status === 200);
});

it('does not hold up the end of Pullcord', async () => {
  const page = await listen();
  await until(() => states(page).length === 1);
  const began = performance.now();
  stage.door.closing.abort();
  await stage.door.listener.close(10_000);
  expect(performance.now() - began).toBeLessThan(2_000);
  await until(() => page.ended);
  expect(page.events.at(-1)).toEqual({ event: 'bye', data: { reason: 'closing' } });
});

it('HEAD is answered, and opens none', async () => {
  const answer = await fetch(`${stage.door.url}/api/v1/live`, {
    ...{ method: 'HEAD', headers: { authorization: 'Bearer n8n-secret' } },
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
});
