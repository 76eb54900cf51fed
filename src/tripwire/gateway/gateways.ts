import type { Logger } from 'pino';
import type { Route } from '../../cutters/apisix/route';
import type { GatewayNode, NodeLook } from './node';
import { Passage, type Passed } from './passed';

export interface GatewaysOptions {
  readonly nodes: readonly GatewayNode[];
  /** Scopes whose routes lead to the models. */
  readonly scopes: readonly string[];
  /** The routes of a scope as the gateway was last seen to have them; undefined before. */
  readonly routesOf: RoutesOf;
  /** Something lasts that has to be mended, and is over. Must not throw. */
  readonly trouble: (key: string, text: string) => void;
  readonly cleared: (key: string, text: string) => void;
  readonly logger: Logger;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic: () => number;
}

export type RoutesOf = (gateway: string, scope: string) => readonly Route[] | undefined;

interface Asked {
  readonly node: GatewayNode;
  at?: number;
  running?: Promise<void> | undefined;
  /** Since when it doesn't show what it counts. */
  badSince?: number | undefined;
  told?: string | undefined;
}

/** APISIX renders its metrics no more often. Milliseconds. */
const EVERY_MS = 15_000;
/** A gateway that is being updated is away for minutes; it is no spend that goes unseen. Milliseconds. */
const PATIENCE_MS = 300_000;

/**
 * Asks every node of the gateways how many requests passed it, beside the looks at LiteLLM, which never wait for it.
 * Fails towards "unknown": then nothing is concluded, and when that lasts, it is told.
 */
export class Gateways {
  private readonly asked: readonly Asked[];
  private readonly passage: Passage;
  private readonly closing = new AbortController();

  constructor(private readonly options: GatewaysOptions) {
    const { nodes, scopes, routesOf } = options;
    this.asked = nodes.map((node) => ({ node }));
    this.passage = new Passage({
      routesOf: (gateway) => {
        const routes = scopes.map((scope) => routesOf(gateway, scope)).filter((some) => some !== undefined);
        if (routes.length === 0) return undefined;
        return new Set(routes.flat().flatMap(({ id, name }) => (name === undefined ? [id] : [id, name])));
      },
    });
  }

  /** Begins to ask those whose turn it is. Answers at once. */
  pollIfDue(): void {
    const now = this.options.monotonic();
    for (const one of this.asked) {
      if (one.running || (one.at !== undefined && now - one.at < EVERY_MS) || this.closing.signal.aborted) continue;
      one.at = now;
      one.running = this.ask(one, now)
        .catch((error) => this.options.logger.error({ err: error }, 'what a gateway counts could not be taken'))
        .finally(() => {
          one.running = undefined;
        });
    }
  }

  /** Undefined while it isn't known. */
  passed(): Passed | undefined {
    return this.passage.now(this.options.monotonic());
  }

  /** What lasts and has to be mended. */
  trouble(): string | undefined {
    return this.asked.find(({ told }) => told !== undefined)?.told;
  }

  /** Why it isn't known what passes, in words; undefined where it is known. */
  why(): string | undefined {
    return this.passage.why(this.options.monotonic());
  }

  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all(this.asked.map(({ running }) => running));
    for (const { node } of this.asked) node.close();
  }

  private async ask(one: Asked, at: number): Promise<void> {
    const { gateway, name } = one.node;
    const look = await one.node.look(this.closing.signal);
    if (this.closing.signal.aborted) return;
    if (look.ok) this.passage.take(gateway, name, look.count, at);
    this.judge(one, look);
  }

  private judge(one: Asked, look: NodeLook): void {
    const { trouble, cleared, logger, monotonic } = this.options;
    const { name } = one.node;
    const key = `tripwire ${name}`;
    if (look.ok) {
      if (one.badSince !== undefined) logger.info(`what passes ${name} is counted again`);
      cleared(key, `What passes ${name} to the models is counted again.`);
      one.badSince = undefined;
      one.told = undefined;
      return;
    }
    if (one.badSince === undefined) logger.warn({ why: look.why }, look.detail);
    one.badSince ??= monotonic();
    if (monotonic() - one.badSince < PATIENCE_MS) return;
    one.told = `The tripwire does not see what passes by LiteLLM. ${look.detail}`;
    trouble(key, one.told);
  }
}
