import { setMaxListeners } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { signature } from '../../../signature';
import type { Answer } from '../admin/answer';
import { isList, isObject, type Json, type JsonObject, numberAt, objectAt } from '../json';
import type { StreamCut } from './stream-cut';

/**
 * Stands in for `gateway/pullcord-guard.lua` in one node: it answers as that was recorded, refuses the same requests and
 * ends the same streams. Its workers are made up: all of them hear at once.
 */
export interface SandboxGuard {
  answer(method: string, path: string, signed: string, body: string): Answer | undefined;
  /** What a request of this route gets instead of an answer; undefined where it may pass. */
  refuse(routeId: string | undefined): { readonly headers: Record<string, string>; readonly body: string } | undefined;
  /**
   * A request is under way. `end` breaks it off; where it is patient, an event stream waits for its last event.
   * @returns to be called when it is over.
   */
  enter(routeId: string | undefined, end: (patient: boolean) => void): () => void;
  /** The guard's part in the phase `body_filter`, before the clamp's. */
  filter(routeId: string | undefined, headers: IncomingHttpHeaders, clamp: StreamCut): StreamCut;
  /** As after a restart of the gateway: it holds nothing. */
  forget(): void;
  close(): void;
}

export interface SandboxGuardOptions {
  /** Undefined where the plugin is not installed. */
  readonly secret: string | undefined;
  readonly fail: 'open' | 'closed';
  /** 0 for none. */
  readonly leaseSeconds: number;
  /** Whether a global rule runs it. */
  readonly isArmed: () => boolean;
  /** Epoch, in milliseconds. */
  readonly now: () => number;
}

interface Held {
  readonly order: number;
  readonly seq: number;
  readonly ids: readonly string[];
  readonly scoped: readonly string[] | undefined;
}

const PATH = '/v1/plugin/pullcord-guard';
const NAME = 'pullcord-guard';
const VERSION = 1;
const WORKERS = [101, 102];
const SHUTDOWN_SECONDS = 240;
const CLOCK_SECONDS = 300;
/** Each worker of the real one looks after its streams so often, and waits so long for the next event of one. */
const WATCH_MS = 25;
const GRACE_MS = 100;
const LAST_EVENT = `event: error\ndata: {"error":{"type":"severed","code":"pullcord_severed"}}\n\n:${' '.repeat(1_500)}\n\n`;
const NOTHING: Held = { order: 0, seq: 0, ids: [], scoped: undefined };
const MESSAGE = 'Cut off by the emergency stop of this gateway. Retrying does not help: an operator has to restore it.';
const CLOSED = 'The guard of this gateway cannot work or has not heard from Pullcord, and is set to fail closed.';

export function createGuard({ secret, fail, leaseSeconds, isArmed, now }: SandboxGuardOptions): SandboxGuard {
  const open = new Map<symbol, { readonly id: string; readonly end: (patient: boolean) => void }>();
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  let held = NOTHING;
  let serial = 0;
  let heardAt = now();

  const isLeaseOver = (): boolean => leaseSeconds > 0 && now() - heardAt > leaseSeconds * 1000;
  const isClosed = (id: string): boolean =>
    fail === 'closed' && isLeaseOver() && (held.scoped === undefined || held.scoped.includes(id));

  function state(): JsonObject {
    const { order, seq, ids } = held;
    const left = [...open.values()];
    return {
      ...{
        name: NAME,
        version: VERSION,
        fail,
        lease_seconds: leaseSeconds,
        lease_over: fail === 'closed' && isLeaseOver(),
      },
      ...{ worker_shutdown_seconds: SHUTDOWN_SECONDS, expected: WORKERS.length, serial, order, seq, ids },
      workers: WORKERS.map((pid, i) => ({
        ...{ pid, version: VERSION, serial, order, seq, draining: false, armed: isArmed() },
        open: i === 0 ? left.length : 0,
        ending: i === 0 ? left.filter(({ id }) => ids.includes(id)).length : 0,
      })),
    };
  }

  function stranger(signed: string, body: string): Answer | undefined {
    const time = /^t=(\d+),v1=[0-9a-f]+$/i.exec(signed)?.[1];
    if (time === undefined) return fault(401, 'sign the request: x-pullcord-signature');
    if (signed.toLowerCase() !== signature(secret ?? '', body, Number(time)))
      return fault(401, 'the signature is wrong: both sides need the same secret');
    const off = Math.abs(now() / 1000 - Number(time));
    return off > CLOCK_SECONDS
      ? fault(401, "the time of the signature is too far from the gateway's clock: set both clocks")
      : undefined;
  }

  function put(text: string): Answer {
    const write = parsed(text);
    const [order, seq, ids, scoped] = [
      wholeAt(write, 'order'),
      wholeAt(write, 'seq'),
      idsAt(write, 'ids'),
      write && idsAt(write, 'scoped'),
    ];
    if (!write || order === undefined || seq === undefined || ids === undefined)
      return fault(400, 'send {order, seq, ids}: two whole numbers and a list of route ids');
    if (write.scoped !== undefined && scoped === undefined) return fault(400, 'scoped has to be a list of route ids');
    const replaces = numberAt(write, 'after', 'order') === held.order && numberAt(write, 'after', 'seq') === held.seq;
    const isNewer = order > held.order || (order === held.order && seq > held.seq);
    if (!replaces && !isNewer)
      return fault(409, 'older than what the guard holds', { order: held.order, seq: held.seq });
    held = { order, seq, ids, scoped };
    serial += 1;
    heardAt = now();
    void sweep();
    return { status: 200, body: state() };
  }

  /** As the timer of each worker does: what is silent is broken off, an event stream gets time for its last event. */
  async function sweep(): Promise<void> {
    const { signal } = ending;
    for (const [wait, patient] of [
      [WATCH_MS, true],
      [GRACE_MS, false],
    ] as const) {
      await sleep(wait, undefined, { signal }).catch(() => undefined);
      // On a busy machine what has come meanwhile goes first.
      for (let i = 0; i < 3; i += 1) await turn();
      if (signal.aborted || !isArmed()) return;
      for (const one of open.values()) if (held.ids.includes(one.id)) one.end(patient);
    }
  }

  return {
    answer(method, path, signed, body) {
      if (secret === undefined || !path.startsWith(`${PATH}/`)) return undefined;
      const topic = `${method} ${path.slice(PATH.length + 1)}`;
      if (topic !== 'GET state' && topic !== 'PUT cut') return undefined;
      if (topic === 'PUT cut' && body === '') return fault(400, `send a JSON body of at most ${2 * 1024 * 1024} bytes`);
      const stopped = stranger(signed, topic === 'PUT cut' ? body : '');
      if (stopped && topic === 'GET state')
        return { ...stopped, body: { ...(stopped.body as JsonObject), name: NAME, version: VERSION } };
      if (stopped) return stopped;
      if (topic === 'PUT cut') return put(body);
      heardAt = now();
      return { status: 200, body: state() };
    },
    refuse(id) {
      if (secret === undefined || id === undefined || !isArmed()) return undefined;
      const isCut = held.ids.includes(id);
      if (!isCut && !isClosed(id)) return undefined;
      const [code, message] = isCut ? ['pullcord_severed', MESSAGE] : ['pullcord_guard_closed', CLOSED];
      return {
        headers: { 'content-type': 'application/json', 'x-pullcord-severed': '1', 'retry-after': '60' },
        body: JSON.stringify({ error: { type: 'severed', code, message, route: id } }),
      };
    },
    enter(id, end) {
      if (secret === undefined || id === undefined || !isArmed()) return () => undefined;
      const key = Symbol(id);
      open.set(key, { id, end });
      return () => open.delete(key);
    },
    filter(id, headers, clamp) {
      const isEvents =
        (headers['content-type']?.includes('text/event-stream') ?? false) && !headers['content-encoding'];
      let isTold = false;
      return {
        chunk: (chunk) => {
          if (isTold) return { how: 'abort' };
          if (secret === undefined || id === undefined || !held.ids.includes(id) || !isArmed())
            return clamp.chunk(chunk);
          isTold = true;
          return isEvents ? { how: 'replace', chunk: Buffer.from(LAST_EVENT) } : { how: 'abort' };
        },
        end: () => (isTold ? { how: 'abort' } : clamp.end()),
        broken: () => (isTold ? { how: 'abort' } : clamp.broken()),
      };
    },
    forget() {
      held = NOTHING;
      serial = 0;
    },
    close: () => ending.abort(),
  };
}

const fault = (status: number, error_msg: string, more: JsonObject = {}): Answer => ({
  status,
  body: { error_msg, ...more },
});

function parsed(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function wholeAt(write: JsonObject | undefined, key: string): number | undefined {
  const value = numberAt(write, key);
  return value !== undefined && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function idsAt(write: JsonObject | undefined, key: string): readonly string[] | undefined {
  const list = write?.[key];
  const ids = isList(list) ? list.filter((id) => typeof id === 'string' && /^[\w.-]{1,64}$/.test(id)) : undefined;
  return isList(list) && ids?.length === list.length ? (ids as string[]) : undefined;
}

/** Whether a set of global plugins runs the guard. */
export const runsGuard = (plugins: JsonObject | undefined): boolean => {
  const conf = objectAt(plugins, NAME);
  return conf !== undefined && objectAt(conf, '_meta')?.disable !== true;
};
