import { createHash } from 'node:crypto';
import { gatewayScopes } from '../../src/sandbox/gateway-objects';
import type { RigOptions } from '../../src/sandbox/rig';
import { startWhole, type Whole } from './whole';

export const TOKEN = 'a-token-that-drills';
const STEP_SECONDS = 30;

interface Step {
  readonly name: string;
  readonly gateway?: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail?: string;
  readonly usualMs?: number;
}

/** As the API gives it. */
export interface Report {
  readonly id: string;
  readonly state: 'running' | 'passed' | 'failed';
  readonly by: string;
  readonly ms?: number;
  readonly steps: readonly Step[];
  readonly compared?: { readonly drills: number; readonly medianMs: number; readonly slower: boolean };
  readonly text: string;
}

type Options = Omit<Partial<RigOptions>, 'config'> & { readonly config?: Partial<RigOptions['config']> };

const drillToken = {
  name: 'n8n',
  sha256: createHash('sha256').update(TOKEN).digest('hex'),
  rights: ['drill', 'status', 'stop'] as ('drill' | 'status' | 'stop')[],
};

/** A whole installation whose token may drill, at the beginning of a time step: codes last. */
export async function startDrillground({ config, ...options }: Options = {}): Promise<Drillground> {
  const whole = await startWhole({
    config: {
      ...{ scopes: gatewayScopes, enforcer: { periodSeconds: 1 }, api: { tokens: [drillToken] } },
      ...config,
    },
    drillStepMs: 10_000,
    ...options,
  });
  whole.clock.advance(STEP_SECONDS - ((whole.clock.now() / 1000) % STEP_SECONDS) + 1);
  return new Drillground(whole);
}

export class Drillground {
  constructor(readonly whole: Whole) {}

  async call(method: string, path: string, body?: unknown): Promise<{ status: number; json: Record<string, unknown> }> {
    const answer = await fetch(this.whole.pullcord.internalUrl + path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
  }

  /** Begins a drill; it goes on while the test looks. */
  async begin(): Promise<string> {
    const { status, json } = await this.call('POST', '/api/v1/drills');
    if (status !== 202) throw new Error(`the drill did not begin: ${JSON.stringify(json)}`);
    return String(json.id);
  }

  async report(id: string, waitSeconds = 30): Promise<Report> {
    const { json } = await this.call('GET', `/api/v1/drills/${id}?wait=${waitSeconds}`);
    return json as unknown as Report;
  }

  /** One drill from its beginning to its end, with codes that no earlier one has used. */
  async drill(): Promise<Report> {
    const report = await this.report(await this.begin());
    this.whole.clock.advance(2 * STEP_SECONDS);
    return report;
  }

  close(): Promise<void> {
    return this.whole.close();
  }
}

/** Names of the steps, in order, each once; with `!` before those that failed anywhere. */
export const stepsOf = ({ steps }: Report): string[] => [
  ...new Set(steps.map(({ name }) => (steps.some((step) => step.name === name && !step.ok) ? `!${name}` : name))),
];
