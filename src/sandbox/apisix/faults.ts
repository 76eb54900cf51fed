import { setTimeout as sleep } from 'node:timers/promises';
import type { Listener } from './listener';

/** Which requests of the Admin API a fault hits: all, unless told otherwise. */
export interface FaultScope {
  readonly match?: (method: string, path: string) => boolean;
  /** After so many hits the fault is over. */
  readonly times?: number;
}

/** How a gateway can fail. */
export type GatewayFault =
  /** Connections are refused, the open ones are cut. */
  | 'refuse'
  /** It takes requests and never answers them. */
  | 'hang'
  /** It goes on serving with the configuration that it has: changes reach it at `clear`, all at once. */
  | 'deaf';

/** Bad days, made to order. The Admin API has one fault at a time: a new one takes the old one's place. */
export interface Faults {
  /** Whatever it is asked, the Admin API does nothing and answers: a refused key, a crash, an etcd that is down. */
  answer(status: 401 | 500 | 503, scope?: FaultScope): void;
  /** Each answer comes late, by milliseconds. */
  delay(ms: number, scope?: FaultScope): void;
  /**
   * The Admin API takes requests and never answers them, as with an etcd that hangs.
   * @param scope.applied what the held requests write is written at `clear`, as it happens with the real one.
   */
  hang(scope?: FaultScope & { readonly applied?: boolean }): void;
  /** The Admin API's port refuses connections. */
  refuse(): Promise<void>;
  /** @param node index in `gatewayUrls`. */
  gateway(node: number, fault: GatewayFault): Promise<void>;
  /** Ends every fault. Listeners are back on their old ports. */
  clear(): Promise<void>;
}

/** What a fault does to one request of the Admin API. */
export type AdminFault =
  | { readonly how: 'answer'; readonly status: 401 | 500 | 503 }
  | { readonly how: 'delay'; readonly over: Promise<void> }
  /** Not answered until the fault is over: true when the request is to be carried out then, late as it is. */
  | { readonly how: 'hold'; readonly over: Promise<boolean> };

/** What a gateway's faults turn on its node. */
export interface FaultyNode {
  readonly listener: Listener;
  hang(on: boolean): void;
  deaf(on: boolean): void;
}

export interface FaultSwitchboard {
  readonly knobs: Faults;
  ofAdmin(method: string, path: string): AdminFault | undefined;
  /** Lets go of all that is held, applying nothing. */
  close(): void;
}

/** @param parts asked for when a knob is turned: listeners need the switchboard before they can exist. */
export function createFaults(
  parts: () => { readonly admin: Listener; readonly nodes: readonly FaultyNode[] },
): FaultSwitchboard {
  const ending = new AbortController();
  let current: { readonly scope: FaultScope; hits: number; readonly fault: () => AdminFault } | undefined;
  let release: (clear: boolean) => void = () => undefined;

  function set(scope: FaultScope, fault: () => AdminFault): void {
    release(true);
    release = () => undefined;
    current = { scope, hits: 0, fault };
  }

  const knobs: Faults = {
    answer: (status, scope = {}) => set(scope, () => ({ how: 'answer', status })),
    delay: (ms, scope = {}) =>
      set(scope, () => ({ how: 'delay', over: sleep(ms, undefined, { signal: ending.signal }) })),
    hang: ({ applied = false, ...scope } = {}) => {
      let over: (applied: boolean) => void = () => undefined;
      const promise = new Promise<boolean>((resolve) => {
        over = resolve;
      });
      set(scope, () => ({ how: 'hold', over: promise }));
      release = (clear) => over(clear && applied);
    },
    refuse: async () => parts().admin.refuse(),
    gateway: async (index, fault) => {
      const node = parts().nodes[index];
      if (!node) throw new Error(`there is no gateway ${index}: the sandbox has ${parts().nodes.length}`);
      if (fault === 'refuse') await node.listener.refuse();
      else node[fault](true);
    },
    clear: async () => {
      release(true);
      release = () => undefined;
      current = undefined;
      const { admin, nodes } = parts();
      for (const node of nodes) {
        node.hang(false);
        node.deaf(false);
      }
      await Promise.all([admin, ...nodes.map((node) => node.listener)].map((listener) => listener.accept()));
    },
  };

  return {
    knobs,
    ofAdmin: (method, path) => {
      if (!current || current.scope.match?.(method, path) === false) return undefined;
      if (current.hits >= (current.scope.times ?? Number.POSITIVE_INFINITY)) return undefined;
      current.hits += 1;
      return current.fault();
    },
    close: () => {
      release(false);
      ending.abort();
    },
  };
}
