import { type Config, type ConfigInput, configSchema } from '../../src/config/schema';
import { clampRule } from '../../src/cutters/apisix/clamp';
import type { Standing } from '../../src/fallback/permit';
import type { Latch } from '../../src/latch/latch';
import type { Line } from '../../src/ledger/store';
import type { Order } from '../../src/orders/order';
import { type Apisix, type ApisixOptions, startApisix } from '../../src/sandbox/apisix';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { createWhy, type Explanation, type Paper, type SubjectKind } from '../../src/why';
import { startUpstream, type Upstream } from '../support/upstream';

export const NOW = Date.UTC(2026, 10, 26, 2, 30);
export const SEVERED_AT = Date.UTC(2026, 10, 26, 2, 13);

/** A ledger that says what the test says. */
export class ToyPaper implements Paper {
  known: Latch[] | undefined = [];
  orders: Order[] = [];
  lines: Line[] = [];
  kept = new Map<string, unknown>();
  /** Whether it answers at all. */
  dead = false;

  latches(): readonly Latch[] | undefined {
    return this.known;
  }
  async order(number: number): Promise<Order | undefined> {
    this.alive();
    return this.orders.find((order) => order.number === number);
  }
  async about(correlation: string) {
    this.alive();
    return { lines: this.lines.filter(({ data }) => data.correlation === correlation), of: 20_000 };
  }
  recall = async (name: string): Promise<unknown> => {
    this.alive();
    return this.kept.get(name);
  };

  /** As an order of ana's by text left it. */
  sever(scope: string, change: Partial<Latch> = {}): void {
    const order = 41;
    this.known = [
      ...(this.known ?? []).filter((latch) => latch.scope !== scope),
      { scope, state: 'severed', order, since: SEVERED_AT, incident: order, ...change },
    ];
    const by = { key: 'k', action: 'sever', source: 'sms', by: 'ana', correlation: 'SM1', at: SEVERED_AT } as const;
    this.orders = [{ ...by, number: order, scope }];
  }

  private alive(): void {
    if (this.dead) throw new Error('the ledger did not answer within 500 ms');
  }
}

export interface Rig {
  readonly apisix: Apisix;
  readonly upstream: Upstream;
  readonly litellm: SandboxLiteLLM;
  readonly paper: ToyPaper;
  readonly config: Config;
  /** By fallback. */
  readonly standings: Map<string, Standing>;
  put(path: string, body: object): Promise<void>;
  /** The clamp names these. */
  clamp(...ids: string[]): Promise<void>;
  ask(text: string, as?: SubjectKind): Promise<Explanation>;
  raw(text: string, as?: SubjectKind): ReturnType<ReturnType<typeof createWhy>['ask']>;
  close(): Promise<void>;
}

export async function startRig(
  change: (parts: { apisix: Apisix; litellm: SandboxLiteLLM }) => Partial<ConfigInput> = () => ({}),
  options: ApisixOptions = {},
): Promise<Rig> {
  const [apisix, upstream, litellm] = [await startApisix(options), await startUpstream(), await startSandboxLiteLLM()];
  const config = configSchema.parse({
    ...{ publicUrl: 'https://pullcord.example.org', key: 'ab'.repeat(32) },
    gateways: {
      main: {
        ...{ adminUrl: apisix.adminUrl, adminKey: apisix.adminKey, gatewayUrls: [...apisix.gatewayUrls] },
        timeoutMs: 500,
      },
    },
    scopes: { agent: { routes: [{ label: 'agent' }] }, tools: { routes: [{ name: 'tools*' }] } },
    ...change({ apisix, litellm }),
  });
  const paper = new ToyPaper();
  const standings = new Map<string, Standing>();
  const why = createWhy({ config, paper, standing: (name) => standings.get(name), now: () => NOW, limitMs: 1_000 });
  const put: Rig['put'] = async (path, body) => {
    const answer = await fetch(`${apisix.adminUrl}/apisix/admin/${path}`, {
      method: 'PUT',
      headers: { 'x-api-key': apisix.adminKey, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answered = await answer.text();
    if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${answered}`);
  };
  return {
    ...{ apisix, upstream, litellm, paper, config, standings, put },
    clamp: (...ids) => put('global_rules/pullcord-clamp', clampRule(ids)),
    raw: (text, as) => why.ask(text, as),
    ask: async (text, as) => {
      const found = await why.ask(text, as);
      if (found === 'busy' || 'fault' in found) throw new Error(JSON.stringify(found));
      return found;
    },
    close: async () => {
      await Promise.all([apisix.close(), upstream.close(), litellm.close()]);
    },
  };
}
