import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import type { Leases } from '../ledger/leases';
import { runCommand } from './command';
import { type Memory, Notes } from './memory';
import { post } from './webhook/post';

/** A scope that is to be cut and was not yet seen to be. */
export interface Unseen {
  readonly scope: string;
  /** Number of the order that severs it. */
  readonly order: number;
  /** When it began. Epoch, in milliseconds. */
  readonly since: number;
  /** Epoch, in milliseconds. */
  readonly now: number;
}

/** What came of it, for the ledger and an alarm. */
export interface LastResortResult {
  readonly scope: string;
  readonly order: number;
  readonly by: 'command' | 'webhook';
  readonly ok: boolean;
  readonly how: string;
  /** The first 1 KiB of what the command wrote; for the log alone, it is not known what is in it. */
  readonly output?: string;
}

export interface LastResortOptions {
  readonly config: NonNullable<Config['lastResort']>;
  readonly memory: Memory;
  readonly onResult: (result: LastResortResult) => void;
  /** One instance at a time fires; in doubt each of them. Left out: there is but one. */
  readonly leases?: Pick<Leases, 'claim'>;
  /** Milliseconds that only grow. */
  readonly monotonic?: Clock;
  /** What the command may see of the environment; PATH, HOME, LANG and TZ of it are passed on. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  readonly commandMs?: number;
  readonly webhookMs?: number;
  readonly retryMs?: readonly number[];
}

export interface LastResort {
  /** Asked again and again while a scope is not seen to be cut. Returns at once. */
  consider(unseen: Unseen): void;
  /** Gives what is under way `graceMs` to end, then cancels it. */
  close(graceMs?: number): Promise<void>;
}

const COMMAND_MS = 30_000;
const WEBHOOK_MS = 2_000;
const RETRY_MS = [1_000, 5_000] as const;
/** Longer than it takes to fire. Milliseconds. */
const LEASE_MS = 45_000;
const OUTPUT_BYTES = 1_024;
const GRACE_MS = 3_000;
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'TZ'];

/**
 * Whether to fire now: once for each order, when the cut was not seen for long enough.
 * @param waitedMs by the clock that says more: one that was set back must not hold up the last resort.
 * @param firedFor the newest order that it was fired for, 0 for none.
 */
export function isDue(wait: { waitedMs: number; afterSeconds: number; order: number; firedFor: number }): boolean {
  return wait.order > wait.firedFor && wait.waitedMs >= wait.afterSeconds * 1_000;
}

/** `{scope}` and `{order}`, in the arguments alone: which program runs is never put together. */
export function fillIn(
  [program, ...args]: readonly [string, ...string[]],
  { scope, order }: { readonly scope: string; readonly order: number },
): [string, ...string[]] {
  return [program, ...args.map((arg) => arg.replaceAll('{scope}', scope).replaceAll('{order}', String(order)))];
}

/**
 * The last rung: what the user configured for the day when the gateway can't be reached or isn't seen to refuse.
 * Fails towards firing: an order whose firing can't be looked up is fired again after a restart, so a command has to
 * bear being run twice.
 */
export function createLastResort(options: LastResortOptions): LastResort {
  const { config, onResult } = options;
  const monotonic = options.monotonic ?? (() => performance.now());
  const notes = new Notes(options.memory);
  const firstAsked = new Map<string, { readonly order: number; readonly at: number }>();
  const firedFor = new Map<string, number>();
  const underWay = new Set<Promise<void>>();
  const cancel = new AbortController();

  const command = async (scope: string, order: number): Promise<LastResortResult | undefined> => {
    const [program, ...args] = config.command ?? [];
    if (program === undefined) return undefined;
    const passedOn = Object.entries(options.env ?? process.env).filter(([name]) => PASSED_ON.includes(name));
    const { ok, how, output } = await runCommand(
      {
        argv: fillIn([program, ...args], { scope, order }),
        env: Object.fromEntries(passedOn.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
        timeoutMs: options.commandMs ?? COMMAND_MS,
        outputBytes: OUTPUT_BYTES,
      },
      cancel.signal,
    );
    return { scope, order, by: 'command', ok, how, output };
  };

  const webhook = async (scope: string, order: number, at: number): Promise<LastResortResult | undefined> => {
    if (config.webhook === undefined) return undefined;
    const request = {
      url: config.webhook,
      body: { action: 'sever', lastResort: true, scope, order, at: new Date(at).toISOString() },
      idempotencyKey: `last-resort-${scope}-${order}`,
      timeoutMs: options.webhookMs ?? WEBHOOK_MS,
    };
    let complaint = await post(request, cancel.signal);
    for (const ms of options.retryMs ?? RETRY_MS) {
      if (complaint === undefined || cancel.signal.aborted) break;
      await pause(ms, undefined, { signal: cancel.signal }).catch(() => undefined);
      complaint = await post(request, cancel.signal);
    }
    return { scope, order, by: 'webhook', ok: complaint === undefined, how: complaint ?? 'answered 2xx' };
  };

  const isOthers = async (name: string, order: number): Promise<boolean> => {
    const claim = await options.leases?.claim(name, { ms: LEASE_MS, fence: order }).catch(() => undefined);
    return claim !== undefined && !claim.held;
  };

  const fire = async ({ scope, order, now }: Unseen): Promise<void> => {
    const note = `last-resort ${scope}`;
    const before = await notes.get(note).catch(() => undefined);
    if (typeof before === 'number' && before >= order) return;
    if (await isOthers(note, order)) {
      // Asked for again, and fired if nothing has come of it by the end of the lease.
      firedFor.delete(scope);
      return;
    }
    const results = (await Promise.all([command(scope, order), webhook(scope, order, now)])).filter(isDefined);
    if (results.some(({ ok }) => ok)) await notes.set(note, order);
    for (const result of results) onResult(result);
  };

  return {
    consider(unseen) {
      const { scope, order, since, now } = unseen;
      const asked = firstAsked.get(scope);
      const first = asked?.order === order ? asked : { order, at: monotonic() };
      firstAsked.set(scope, first);
      const waitedMs = Math.max(now - since, monotonic() - first.at);
      const { afterSeconds } = config;
      if (cancel.signal.aborted || !isDue({ waitedMs, afterSeconds, order, firedFor: firedFor.get(scope) ?? 0 }))
        return;
      firedFor.set(scope, order);
      const firing = fire(unseen).finally(() => underWay.delete(firing));
      underWay.add(firing);
    },

    async close(graceMs = GRACE_MS) {
      const ended = new AbortController();
      const grace = pause(graceMs, undefined, { signal: ended.signal }).catch(() => undefined);
      await Promise.race([Promise.all(underWay), grace]);
      ended.abort();
      cancel.abort();
      await Promise.all(underWay);
    },
  };
}

const isDefined = <T>(value: T | undefined): value is T => value !== undefined;
