import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { pythonEnvironment } from './python-environment';
import { dataFolder, freePort, type Server, startServer } from './server';

/** A real LiteLLM without a database: one key, the master's, and models that answer by themselves. */
export interface Litellm extends Server {
  readonly masterKey: string;
  /** One completion, to its end. @returns the answer's status. */
  chat(model: string, options?: ChatOptions): Promise<number>;
}

export interface ChatOptions {
  readonly stream?: boolean;
  /** Where it is sent: LiteLLM itself unless told otherwise. */
  readonly through?: string;
  readonly userAgent?: string;
}

export interface LitellmOptions {
  /**
   * `one`: a process. `sharing`: two workers, started by `litellm`, whose counters are added up for each scrape.
   * `apart`: two workers, started without it: each scrape shows what one of them counted.
   */
  readonly workers?: 'one' | 'sharing' | 'apart';
  /** Whether `/metrics/` wants the master key. */
  readonly metricsAuth?: boolean;
  /** Base URL of something that speaks as OpenAI does: the model `distant` asks it. */
  readonly upstreamUrl?: string;
}

/** What LiteLLM counts for a model's answer by itself, unless it is streamed. */
export const ANSWER = { promptTokens: 10, completionTokens: 20 } as const;
/** US dollars, by model: for a prompt token and for a token of the answer. */
export const PRICES = { priced: [0.001, 0.002], free: [0, 0], distant: [0.001, 0.002] } as const;
/** US dollars for one answer of `priced`. */
export const PRICE = PRICES.priced[0] * ANSWER.promptTokens + PRICES.priced[1] * ANSWER.completionTokens;
/** What LiteLLM calls its master key in its metrics. */
export const MASTER_KEY_NAME = 'litellm_proxy_master_key';

const MASTER_KEY = 'sk-only-for-tests';
const UP = 'Application startup complete.';

/** A start takes 7 s on an idle machine of two cores, and 12 s with two workers. Milliseconds. */
const START_WITHIN_MS = 120_000;

/** Python runs this in each process that starts: a worker does not outlive the one that started it. */
const DIES_WITH_PARENT = `
import ctypes, os, signal
dies_with_parent = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)
os.register_at_fork(after_in_child=dies_with_parent)
dies_with_parent()
`;

export async function startLitellm(options: LitellmOptions = {}): Promise<Litellm> {
  const { workers = 'one', metricsAuth = true } = options;
  const python = await pythonEnvironment('litellm', join(__dirname, 'litellm-requirements.txt'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const dataDir = dataFolder('litellm');
  const config = join(dataDir, 'config.yaml');
  writeFileSync(config, stringify(configuration(metricsAuth, options.upstreamUrl)));
  writeFileSync(join(dataDir, 'sitecustomize.py'), DIES_WITH_PARENT);
  const address = ['--host', '127.0.0.1', '--port', String(port)];
  const run = (script: string, ...args: string[]) =>
    [python, join(python, '..', script), ...args, ...address] as [string, ...string[]];
  const commands = {
    one: () => run('litellm', '--config', config),
    // Gunicorn loads the program once for both.
    sharing: () => run('litellm', '--config', config, '--num_workers', '2', '--run_gunicorn'),
    apart: () =>
      // A worker that starts slowly would be taken for dead, and be started again.
      run('uvicorn', 'litellm.proxy.proxy_server:app', '--workers', '2', '--timeout-worker-healthcheck', '60'),
  };

  const server = await startServer({
    ...{ url, dataDir, command: commands[workers](), stopSignal: 'SIGTERM', startWithinMs: START_WITHIN_MS },
    env: {
      ...{ PATH: process.env.PATH ?? '', HOME: dataDir, TMPDIR: dataDir, PYTHONPATH: dataDir },
      ...{ PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1', CONFIG_FILE_PATH: config },
      // The prices of other models would be fetched from the internet.
      LITELLM_LOCAL_MODEL_COST_MAP: 'True',
    },
    ready: async (output) => {
      const up = output.split(UP).length - 1;
      if (up < (workers === 'one' ? 1 : 2)) throw new Error(`${up} workers are up`);
      const answer = await fetch(`${url}/health/liveliness`, { signal: AbortSignal.timeout(5_000) });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`${answer.status}`);
    },
  });
  return {
    ...server,
    masterKey: MASTER_KEY,
    chat: async (model, { stream = false, through = url, userAgent } = {}) => {
      const answer = await fetch(`${through}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${MASTER_KEY}`,
          'content-type': 'application/json',
          ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
        },
        body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Go on.' }] }),
      });
      await answer.text();
      return answer.status;
    },
  };
}

function configuration(metricsAuth: boolean, upstreamUrl: string | undefined): object {
  const model = (name: keyof typeof PRICES, how: object): object => {
    const [input_cost_per_token, output_cost_per_token] = PRICES[name];
    const price = { input_cost_per_token, output_cost_per_token };
    return { model_name: name, litellm_params: { model: `openai/${name}`, api_key: 'none', ...price, ...how } };
  };
  const mock = { mock_response: 'A fixed answer of a few words.' };
  return {
    model_list: [
      model('priced', mock),
      model('free', mock),
      ...(upstreamUrl === undefined ? [] : [model('distant', { api_base: `${upstreamUrl}/v1`, max_retries: 0 })]),
    ],
    litellm_settings: {
      callbacks: ['prometheus'],
      ...(metricsAuth ? {} : { require_auth_for_metrics_endpoint: false }),
    },
    general_settings: { master_key: MASTER_KEY },
  };
}
