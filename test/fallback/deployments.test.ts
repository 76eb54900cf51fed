import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDeployments } from '../../src/fallback/deployments';
import { together } from '../../src/fallback/look';

/** One worker's counters, as LiteLLM shows them. */
interface Shown {
  readonly model?: string;
  readonly failed?: number;
  readonly status?: string;
  readonly well?: number;
  /** Seconds since the epoch. */
  readonly created?: number;
}

function exposition(all: readonly Shown[]): string {
  const lines = all.flatMap(({ model = 'ollama/llama3', failed, well, status = '500', created = 1_000 }) => {
    const labels = `litellm_model_name="${model}",model_id="m",api_base="http://10.0.0.5:11434"`;
    const failing = `${labels},exception_status="${status}"`;
    return [
      ...(failed === undefined
        ? []
        : [
            `litellm_deployment_failure_responses_total{${failing}} ${failed}`,
            `litellm_deployment_failure_responses_created{${failing}} ${created}`,
          ]),
      ...(well === undefined
        ? []
        : [
            `litellm_deployment_success_responses_total{${labels}} ${well}`,
            `litellm_deployment_success_responses_created{${labels}} ${created}`,
          ]),
    ];
  });
  return `${lines.join('\n')}\n`;
}

let server: Server;
let body: string;
let status: number;
const asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.url?.slice(0, 10)} ${request.headers.authorization}`);
    response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  status = 200;
  asked.length = 0;
});

/** Looks one after the other; each is what LiteLLM shows then, at that second. */
async function looks(...all: readonly (readonly [seconds: number, shown: readonly Shown[] | string])[]) {
  let now = 0;
  const source = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'k', timeoutMs: 1_000 };
  const look = createDeployments({ source, deployments: ['ollama/llama3'], now: () => now });
  const seen = [];
  for (const [seconds, shown] of all) {
    now = seconds * 1_000;
    body = typeof shown === 'string' ? shown : exposition(shown);
    const { failures, successes } = await look(new AbortController().signal);
    seen.push([failures, successes]);
  }
  return seen;
}

it('counts what failed and what went well since the look before, and not what was there before anybody looked', async () => {
  expect(
    await looks(
      [2_000, [{ failed: 40, well: 100 }]],
      [2_005, [{ failed: 43, well: 101 }]],
      [2_010, [{ failed: 43, well: 101 }]],
    ),
  ).toEqual([
    [0, 0],
    [3, 1],
    [0, 0],
  ]);
  expect(asked[0]).toBe('/metrics/? Bearer k');
});

it('a first failure is one: a counter that was created since', async () => {
  expect(await looks([2_000, []], [2_005, [{ failed: 2, created: 2_003 }]])).toEqual([
    [0, 0],
    [2, 0],
  ]);
});

it('tells workers apart that answer in turn, and takes none for a reset or for a flood of failures', async () => {
  const [one, two] = [
    { failed: 40, created: 1_000 },
    { failed: 3, created: 1_001 },
  ];
  expect(
    await looks([2_000, [one]], [2_005, [two]], [2_010, [{ ...one, failed: 41 }]], [2_015, [{ ...two, failed: 5 }]]),
  ).toEqual([
    [0, 0],
    [0, 0],
    [1, 0],
    [2, 0],
  ]);
});

it.each([
  ['other deployments', [{ model: 'gpt-4o', failed: 9 }]],
  ['what the caller did wrong', [{ failed: 9, status: '400' }]],
])('does not count %s', async (_what, shown) => {
  const [before] = shown;
  expect(await looks([2_000, [{ ...before, failed: 1 }]], [2_005, shown])).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

it('a refusal for load is a failure of the deployment', async () => {
  const at = (failed: number): Shown => ({ failed, status: '429' });
  expect(await looks([2_000, [at(1)]], [2_005, [at(4)]])).toEqual([
    [0, 0],
    [3, 0],
  ]);
});

it('what can not be read is nothing seen, neither good nor bad', async () => {
  expect(await looks([2_000, [{ failed: 1 }]], [2_005, 'litellm_deployment_failure_responses_total{'])).toEqual([
    [0, 0],
    [0, 0],
  ]);
  status = 500;
  expect(await looks([2_000, [{ failed: 1 }]])).toEqual([[0, 0]]);
});

it('several eyes see one call once', () => {
  const failed = { failures: 1, successes: 0, why: 'it does not answer' };
  expect(together([failed, { failures: 1, successes: 0 }, { failures: 0, successes: 4 }])).toEqual({
    ...{ failures: 1, successes: 4, why: 'it does not answer' },
  });
  expect(together([{ failures: 0, successes: 0 }])).toEqual({ failures: 0, successes: 0 });
});
