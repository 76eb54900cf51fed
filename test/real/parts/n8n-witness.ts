import type { OrderAnswer } from '../../../src/intake/http/schemas';
import { until } from '../../support/until';
import type { Execution, Json } from './n8n-rest';
import type { N8nWithPullcord } from './n8n-with-pullcord';
import type { Operator } from './whole-program';

/** Sees what n8n was told, what the team reads, and what was ordered. */
export interface Witness {
  /** What the trigger of the workflow that keeps events gave: the first that has these fields. */
  event(type: string, fitting?: Json, ms?: number): Promise<Json>;
  /** What the team has read, oldest first. */
  texts(): readonly string[];
  told(pattern: RegExp, ms?: number): Promise<string>;
  /** Newest first. */
  orders(): Promise<readonly OrderAnswer[]>;
  /** Somebody whose code is fresh. */
  somebody(): Operator;
}

const PATIENCE_MS = 30_000;

/** @param keeper id of the workflow whose trigger gets every event. */
export function createWitness(all: N8nWithPullcord, keeper: string): Witness {
  const { pullcord, n8n, channel } = all;
  const people = pullcord.operators[Symbol.iterator]();
  const given = async (): Promise<readonly Json[]> => (await n8n.executions(keeper)).flatMap(triggered);
  const texts = (): string[] => channel.received.map(({ body }) => String(body.text));
  return {
    texts,
    event: (type, fitting = {}, ms = PATIENCE_MS) => {
      const wanted = Object.entries({ type, ...fitting });
      const fits = (one: Json): boolean => wanted.every(([name, value]) => one[name] === value);
      return until(async () => (await given()).find(fits), ms, 200);
    },
    told: (pattern, ms = PATIENCE_MS) =>
      until(() => texts().find((text) => pattern.test(text)), ms, 50).catch(() => {
        throw new Error(`nobody was told ${pattern} within ${ms} ms, but:\n\n${texts().slice(-5).join('\n\n')}`);
      }),
    orders: async () => (await pullcord.get<{ orders: OrderAnswer[] }>('test', '/api/v1/orders')).orders,
    somebody: () => {
      const { value } = people.next();
      if (!value) throw new Error('there are not enough operators');
      return value;
    },
  };
}

function triggered({ data }: Execution): readonly Json[] {
  const runs = data?.resultData.runData.Trigger ?? [];
  return runs.flatMap((run) => (run.data?.main[0] ?? []).map(({ json }) => json));
}
