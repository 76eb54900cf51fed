import { readFileSync } from 'node:fs';
import axios, { isAxiosError } from 'axios';
import { z } from 'zod';
import { SIGNATURE_HEADER, signature } from '../../../signature';
import type { Leave } from '../../cutter';
import { withDeadline } from '../../deadline';
import { isNeverSent, readyAgents, underLeave } from '../../wire';
import { type Doc, isDoc } from '../document';
import { stopIf } from '../overtaken';

/**
 * The guard in one gateway process (`gateway/pullcord-guard.lua`), by that gateway's Control API. Fails towards doubt:
 * what is not plainly the guard's answer is an error.
 */

/** Of `gateway/pullcord-guard.lua`; raised whenever what it answers or does changes. */
export const GUARD_VERSION = 1;
const PATH = '/v1/plugin/pullcord-guard';

const whole = z.number().int().nonnegative();

const worker = z.object({
  pid: whole,
  version: whole,
  /** Number of writes that the worker has heard of; see `serial` of the whole. */
  serial: whole,
  /** Serves no new connections any more: what is open lives until it ends by itself, or is ended. */
  draining: z.boolean(),
  /** Whether a global rule that the worker knows of runs the guard. */
  armed: z.boolean(),
  /** Requests under way. */
  open: whole,
  /** How many of them are on severed routes, and have not ended yet. */
  ending: whole,
});

const state = z.object({
  name: z.literal('pullcord-guard'),
  version: whole,
  /** What it does when it can't work, or heard nothing for the lease. */
  fail: z.enum(['open', 'closed']),
  /** Seconds; 0 for none. */
  lease_seconds: z.number().nonnegative(),
  lease_over: z.boolean(),
  /** nginx' `worker_shutdown_timeout`, in seconds; 0 for none. */
  worker_shutdown_seconds: z.number().nonnegative(),
  /** How many workers the gateway has, those that drain aside. */
  expected: whole,
  serial: whole,
  /** The order and the number in it that the set is of. */
  order: whole,
  seq: whole,
  ids: z.array(z.string()),
  workers: z.array(worker),
});

export type GuardState = z.infer<typeof state>;

/** The whole set that a guard is to hold. */
export interface GuardWrite {
  /** Number of the newest order. An older one never overrides a newer one. */
  readonly order: number;
  /** Grows within an order. */
  readonly seq: number;
  /** Routes that are refused. */
  readonly ids: readonly string[];
  /** Routes of all scopes: what a guard that fails closed refuses. */
  readonly scoped?: readonly string[];
  /** The set that this one replaces, whatever its number. */
  readonly after?: { readonly order: number; readonly seq: number };
}

export type GuardErrorKind =
  /** It holds a newer set, or is being written to: look again. */
  | 'stale'
  | 'unauthorised'
  /** Answers, and is no guard. */
  | 'absent'
  | 'unavailable';

/** A call to a guard that failed. Holds neither the secret nor what was sent. */
export class GuardError extends Error {
  override readonly name = 'GuardError';

  constructor(
    readonly kind: GuardErrorKind,
    /** What happened. */
    readonly what: string,
    /** What to do now. */
    readonly remedy: string,
    /** No answer came: a write may have been applied, or may still be. */
    readonly inDoubt = false,
  ) {
    super(`${what}. ${remedy}`);
  }
}

export interface GuardApi {
  /** Where it is, without a path: stands in messages. */
  readonly url: string;
  /** @throws GuardError, Overtaken */
  state(overtaken: AbortSignal): Promise<GuardState>;
  /** Sends nothing once the leave has ended. @returns what it holds then. @throws GuardError, Overtaken */
  cut(write: GuardWrite, overtaken: AbortSignal, leave?: Leave): Promise<GuardState>;
  /**
   * The routes and services that the gateway serves, from its own memory, with defaults added: to choose by, never to
   * write back. @throws GuardError, Overtaken
   */
  objects(kind: 'routes' | 'services', overtaken: AbortSignal): Promise<readonly Doc[]>;
  close(): void;
}

export interface GuardApiOptions {
  /** APISIX's Control API. */
  readonly controlUrl: string;
  readonly secret: string;
  /** Bounds each call as a whole. Milliseconds. */
  readonly timeoutMs: number;
  readonly caFile?: string | undefined;
  /** Epoch, in milliseconds. */
  readonly now: () => number;
}

const MOST_BYTES = 64 * 1024 * 1024;
const WORDS = 200;

export function createGuardApi({ controlUrl, secret, timeoutMs, caFile, now }: GuardApiOptions): GuardApi {
  const { origin, pathname } = new URL(controlUrl);
  const agents = readyAgents(caFile === undefined ? {} : { ca: readFileSync(caFile) });
  const http = axios.create({
    baseURL: `${origin}${pathname.replace(/\/+$/, '')}`,
    ...{ httpAgent: agents.httpAgent, httpsAgent: agents.httpsAgent },
    ...{ proxy: false, maxRedirects: 0, maxContentLength: MOST_BYTES, validateStatus: () => true },
  });

  async function call(
    method: 'GET' | 'PUT',
    path: string,
    body: string,
    overtaken: AbortSignal,
    leave?: Leave,
  ): Promise<unknown> {
    stopIf(overtaken);
    const signed = { [SIGNATURE_HEADER]: signature(secret, body, Math.floor(now() / 1000)) };
    const headers = { ...signed, ...(body === '' ? {} : { 'Content-Type': 'application/json' }) };
    const { status, data } = await withDeadline(timeoutMs, overtaken, async (signal) => {
      try {
        return await http.request<unknown>({
          method,
          url: path,
          headers,
          signal,
          ...underLeave(leave),
          ...(body === '' ? {} : { data: body }),
        });
      } catch (error) {
        stopIf(overtaken);
        // The error of axios holds the request: nothing of it goes on but a code.
        const code = (isAxiosError(error) && error.code) || 'no answer';
        if (isNeverSent(code)) throw new GuardError('unavailable', `the guard at ${origin}: not written to`, OVER);
        const why = signal.aborted ? `no answer within ${timeoutMs} ms` : code;
        throw new GuardError('unavailable', `the guard at ${origin}: ${why}`, UNREACHABLE, true);
      }
    });
    if (status === 200) return data;
    throw refusalOf(origin, status, data);
  }

  async function guarded(
    method: 'GET' | 'PUT',
    path: string,
    body: string,
    overtaken: AbortSignal,
    leave?: Leave,
  ): Promise<GuardState> {
    const read = state.safeParse(await call(method, `${PATH}/${path}`, body, overtaken, leave));
    if (read.success) return read.data;
    throw new GuardError('absent', `the guard at ${origin} did not answer as the guard does`, NOT_THERE);
  }

  return {
    url: origin,
    state: (overtaken) => guarded('GET', 'state', '', overtaken),
    cut: (write, overtaken, leave) => guarded('PUT', 'cut', JSON.stringify(write), overtaken, leave),
    async objects(kind, overtaken) {
      const data = await call('GET', `/v1/${kind}`, '', overtaken);
      // An empty Lua table is written as an object.
      return Array.isArray(data) ? data.map((entry) => (isDoc(entry) ? entry.value : undefined)).filter(isDoc) : [];
    },
    close: agents.destroy,
  };
}

const OVER = 'The leave to write had ended: it is asked for again.';
const UNREACHABLE = 'Check controlUrls, and that the Control API listens where Pullcord can reach it (apisix.control).';
const NOT_THERE = 'Install pullcord-guard in that gateway (docs/guard.md), or correct controlUrls.';

const remedies: Readonly<Record<number, readonly [GuardErrorKind, string]>> = {
  401: ['unauthorised', 'Give the gateway and Pullcord the same secret, and set both clocks.'],
  404: ['absent', NOT_THERE],
  409: ['stale', 'Another Pullcord writes to it, or the ledger was lost.'],
  423: ['stale', 'It is being written to.'],
};

function refusalOf(origin: string, status: number, data: unknown): GuardError {
  const [kind, remedy] = remedies[status] ?? ['unavailable', 'Look at the error log of that gateway.'];
  const words = isDoc(data) && typeof data.error_msg === 'string' ? `: ${data.error_msg.slice(0, WORDS)}` : '';
  return new GuardError(kind, `the guard at ${origin} answered ${status}${words}`, remedy);
}
