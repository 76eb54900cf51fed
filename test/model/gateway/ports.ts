import type { AdminApi } from '../../../src/cutters/apisix/client';
import type { Doc } from '../../../src/cutters/apisix/document';
import { GatewayError, type GatewayErrorKind } from '../../../src/cutters/apisix/fault';
import { Overtaken } from '../../../src/cutters/apisix/overtaken';
import type { Glimpse, Prober, Seen } from '../../../src/cutters/apisix/probe';
import { spread } from '../../../src/cutters/apisix/probe-plan';
import type { Leave } from '../../../src/cutters/cutter';
import { type Life, NOBODY } from '../time';
import type { Node, ToyApisix } from './apisix';
import { type Objects, standings } from './standing';

/** Until nobody waits for the Admin API any more. Milliseconds. */
const PATIENCE_MS = 2_000;

/** The Admin API of a gateway as one program reaches it: as `client.ts` promises it, without HTTP. */
export function adminApiOf(gateway: ToyApisix, life: Life): AdminApi {
  const { time, latency, onSent, onLook } = gateway.options;
  const looked = <T>(shown: T): T => {
    onLook(gateway, life);
    return shown;
  };

  /** One call: it arrives, something is done, and the answer comes back; each may fail. */
  function ask<T>(what: string, overtaken: AbortSignal | undefined, work: () => T): Promise<T> {
    if (overtaken?.aborted) return Promise.reject(new Overtaken());
    return new Promise((resolve, reject) => {
      const fail = (kind: GatewayErrorKind, why: string, inDoubt = false): void =>
        reject(new GatewayError(kind, `${what}: ${why}`, 'Look.', inDoubt));
      overtaken?.addEventListener('abort', () => reject(new Overtaken()), { once: true });
      const timer = time.after(PATIENCE_MS, () => fail('unavailable', 'no answer in time', true), life);
      const answer = (give: () => void): void => {
        const arrives = (): void => {
          timer.cancelled = true;
          give();
        };
        time.after(latency(), arrives, life);
      };
      const arrive = (): void => {
        const { fault } = gateway;
        if (fault === 'away') answer(() => fail('unavailable', 'refused'));
        else if (fault === 'error') answer(() => fail('unavailable', 'answered 500'));
        else if (fault === 'hang, then applied') gateway.hold(() => attempt(work));
        else if (fault !== 'hang') {
          const done = attempt(work);
          if (fault !== 'lost') answer(() => ('value' in done ? resolve(done.value) : reject(done.error)));
        }
      };
      // On the wire: a program that dies now has sent it all the same.
      time.after(latency(), arrive, NOBODY);
    });
  }

  async function write(
    path: string,
    next: () => Objects,
    overtaken: AbortSignal | undefined,
    leave?: Leave,
  ): Promise<void> {
    if (overtaken?.aborted) throw new Overtaken();
    if (leave?.holds() === false) throw new GatewayError('unavailable', `${path}: not sent`, 'Ask again.');
    const after = attempt(next);
    if ('value' in after) onSent({ gateway, path, before: gateway.objects, after: after.value, by: life });
    await ask(path, overtaken, () => gateway.become(next()));
  }

  return {
    list: (collection, overtaken) => ask(collection, overtaken, () => looked(listed(gateway, collection))),
    get: (path, overtaken) => ask(path, overtaken, () => looked(gateway.at(path))),
    patch: (path, body, overtaken, leave) => write(path, () => gateway.withMerged(path, body as Doc), overtaken, leave),
    put: (path, body, overtaken, leave) => write(path, () => gateway.withPut(path, body), overtaken, leave),
    remove: (path, overtaken) => write(path, () => gateway.without(path), overtaken),
    plugins: () => Promise.reject(new Error('the model asks for no plugins')),
    close: () => undefined,
  };
}

const listed = ({ objects }: ToyApisix, collection: string): Doc[] =>
  [...objects].filter(([path]) => path.startsWith(`${collection}/`)).map(([, doc]) => doc);

/** @param connections how many probes go to each node. */
export function proberOf(gateway: ToyApisix, life: Life, connections: number): Prober {
  const { time, latency } = gateway.options;
  const one = (node: Node, target: Seen['target']): Promise<Seen> =>
    new Promise((resolve) => {
      const arrive = (): void =>
        resolve({ url: node.url, target, glimpse: glimpse(node, target.path), detail: String(node.fault) });
      time.after(latency(), arrive, life);
    });
  const all = async (targets: readonly Seen['target'][], overtaken: AbortSignal): Promise<readonly Seen[]> => {
    const seen = await Promise.all(gateway.nodes.flatMap((node) => targets.map((target) => one(node, target))));
    if (overtaken.aborted) throw new Overtaken();
    return seen;
  };
  return {
    run: ({ targets }, everyRoute, overtaken) => all(everyRoute ? targets : spread(targets, connections), overtaken),
    glance: (target, overtaken) => all([target], overtaken),
  };
}

function glimpse({ view, fault }: Node, path: string): Glimpse {
  if (fault === 'away') return 'silent';
  for (const { uri, cut, off } of standings(view).values()) if (uri === path && !off) return cut ? 'refused' : 'served';
  return 'served';
}

function attempt<T>(work: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}
