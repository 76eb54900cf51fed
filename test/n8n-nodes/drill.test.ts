import { type Listener, listen } from '../../src/sandbox/apisix/listener';
import { startDrillground, TOKEN } from '../support/drill';
import { run, STARTS_MS } from '../support/n8n/pullcord';

it(
  'rehearses for real, and gives the report',
  async () => {
    const ground = await startDrillground();
    try {
      const credential = { baseUrl: ground.whole.pullcord.internalUrl, token: TOKEN };
      const { json, error } = await run(credential, { operation: 'runDrill' });
      expect(error).toBeUndefined();
      expect(json).toEqual([expect.objectContaining({ state: 'passed', by: 'token:n8n', text: expect.any(String) })]);
      expect(json[0]?.steps).toEqual(expect.arrayContaining([expect.objectContaining({ ok: true })]));
    } finally {
      await ground.close();
    }
  },
  STARTS_MS,
);

describe('at a door whose answers are handed in', () => {
  const report = { id: 'd1', by: 'token:drill', startedAt: '2026-01-02T03:04:05.000Z', steps: [], text: 'Drill' };
  const running = { ...report, state: 'running' };
  let asked: string[];
  let answers: [status: number, body: object][];
  let door: Listener;
  beforeAll(async () => {
    door = await listen({
      port: 0,
      onRequest: (request, response) => {
        asked.push(`${request.method} ${request.url}`);
        const [status, body] = (answers.length > 1 ? answers.shift() : answers[0]) ?? [500, {}];
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      },
    });
  });
  afterAll(() => door.close());
  beforeEach(() => {
    asked = [];
  });
  const drill = (parameters = {}) => run({ baseUrl: door.url, token: 'x' }, { operation: 'runDrill', ...parameters });

  it.each(['passed', 'failed'])('one that %s at once is the report', async (state) => {
    answers = [[200, { ...report, state }]];
    const { json, error } = await drill();
    expect(error).toBeUndefined();
    expect(json).toEqual([{ ...report, state }]);
    expect(asked).toEqual(['POST /api/v1/drills?wait=30']);
  });

  it('begins one drill, and looks at that one until it is over', async () => {
    answers = [
      [202, running],
      [200, running],
      [200, { ...report, state: 'passed' }],
    ];
    const { json } = await drill({ timeout: 70 });
    expect(json).toEqual([{ ...report, state: 'passed' }]);
    expect(asked).toEqual([
      'POST /api/v1/drills?wait=30',
      'GET /api/v1/drills/d1?wait=30',
      'GET /api/v1/drills/d1?wait=10',
    ]);
  });

  it('fails when the time is up; the drill goes on', async () => {
    answers = [[202, running]];
    const { error } = await drill({ timeout: 31 });
    expect(error?.message).toBe('Drill d1 was not over within 31 s');
    expect(error?.context.data).toMatchObject({ reason: 'not-seen', drill: 'd1' });
    expect(asked).toEqual(['POST /api/v1/drills?wait=30', 'GET /api/v1/drills/d1?wait=1']);
  });
});
