import type { Passed } from '../gateway/passed';
import type { Look, Moment } from '../scrape/look';
import type { BlindTrouble } from './trouble';

export interface Movement {
  /** What each process had counted when it was last seen, the latest first. */
  readonly processes: ReadonlyMap<string, Counted>;
  /** Looks that showed that something was counted. */
  readonly moves: number;
  readonly bypass?: Bypass;
}

/** What passed the gateways to all LiteLLMs behind them. */
export interface PassedToAll extends Passed {
  /** The looks at the other LiteLLMs that showed that something was counted. */
  readonly elsewhere: number;
}

interface Counted {
  readonly seen: Moment;
  readonly total: number | undefined;
  readonly succeeded: number | undefined;
  readonly spendUsd: number;
  readonly tokens: number;
  /** Looks that showed answers and no spend since there was any, and how many answers. */
  readonly looks: number;
  readonly answers: number;
  readonly since: Moment;
}

/** Since any LiteLLM last counted anything. */
interface Bypass {
  readonly since: Moment;
  /** The gateway's count at the last look. */
  readonly gateway: number;
  readonly elsewhere: number;
  readonly requests: number;
  /** When the last of them was seen. */
  readonly last: Moment;
  readonly looks: number;
}

/** An answer and its spend may be counted some seconds apart. */
const STILL_LOOKS = 3;
const STILL_ANSWERS = 10;

/** A long answer is counted when it is done; so a few, and a short time, say nothing. */
const BYPASS_LOOKS = 6;
const BYPASS_REQUESTS = 10;
const BYPASS_MS = 60_000;
/** What comes slower than this is something else than work. Milliseconds. */
const BYPASS_WINDOW_MS = 300_000;
/** When nothing passed for so long, it is over. Milliseconds. */
const BYPASS_OVER_MS = 120_000;

const PROCESSES = 8;
const GONE_AFTER_MS = 60_000;

/** @param gateway requests that the gateways let through to the models; undefined: they don't say. */
export function judgeMovement(
  before: Movement,
  look: Look,
  gateway: PassedToAll | undefined,
): { state: Movement; troubles: readonly BlindTrouble[] } {
  const now: Moment = { at: look.at, monotonicMs: look.monotonicMs };
  // A proxy that shows nothing because it counted nothing yet may be passed by all the same.
  const seen = look.ok || look.why === 'nothing-shown';
  const state = seen ? movementBy(before, look, gateway, now) : { processes: before.processes, moves: before.moves };
  const { processes, bypass } = state;
  const troubles = [standstillOf(look.source, processes), bypassedOf(look.source, bypass, processes.size, now)];
  return { state, troubles: troubles.filter((trouble) => trouble !== undefined) };
}

function movementBy(before: Movement, look: Look, gateway: PassedToAll | undefined, now: Moment): Movement {
  const process = look.ok ? (look.scrape.process ?? '') : '';
  const was = before.processes.get(process);
  const counted = countedBy(look, was, now);
  const others = [...before.processes].filter(
    ([name, { seen }]) => name !== process && now.monotonicMs - seen.monotonicMs < GONE_AFTER_MS,
  );
  const processes = new Map([[process, counted] as const, ...others].slice(0, PROCESSES));
  const moved = hasMoved(was, counted);
  const bypass = bypassAfter(before.bypass, moved, gateway, now);
  return { processes, moves: before.moves + (moved ? 1 : 0), ...(bypass && { bypass }) };
}

function countedBy(look: Look, was: Counted | undefined, now: Moment): Counted {
  const readings = look.ok ? look.scrape.readings.filter(({ source }) => source === look.source) : [];
  const requests = look.ok ? look.scrape.requests : undefined;
  const spendUsd = readings.reduce((sum, one) => sum + one.spendUsd, 0);
  const tokens = readings.reduce((sum, one) => sum + one.promptTokens + one.completionTokens, 0);
  const fresh = { seen: now, total: requests?.total, succeeded: requests?.succeeded, spendUsd, tokens };
  const spent = was === undefined || was.spendUsd !== spendUsd || was.tokens !== tokens;
  const answers = (fresh.succeeded ?? 0) - (was?.succeeded ?? fresh.succeeded ?? 0);
  if (spent || answers < 0) return { ...fresh, looks: 0, answers: 0, since: now };
  const looks = was.looks + (answers === 0 ? 0 : 1);
  return { ...fresh, looks, answers: was.answers + answers, since: was.since };
}

const hasMoved = (was: Counted | undefined, now: Counted): boolean =>
  was === undefined || was.total !== now.total || was.spendUsd !== now.spendUsd || was.tokens !== now.tokens;

function bypassAfter(
  before: Bypass | undefined,
  moved: boolean,
  passed: PassedToAll | undefined,
  now: Moment,
): Bypass | undefined {
  if (passed === undefined) return undefined;
  const { requests: gateway, elsewhere, through } = passed;
  const anew = { since: now, last: now, gateway, elsewhere, requests: 0, looks: 0 };
  if (before === undefined || moved || before.elsewhere !== elsewhere) return anew;
  // The gateway tells late: what is yet to come may have passed before LiteLLM stood still.
  if (through < before.since.monotonicMs) return { ...before, gateway, looks: before.looks + 1 };
  const more = Math.max(0, gateway - before.gateway);
  const requests = before.requests + more;
  const last = more > 0 ? now : before.last;
  if (requests > 0 && now.monotonicMs - last.monotonicMs > BYPASS_OVER_MS) return anew;
  const slow = now.monotonicMs - before.since.monotonicMs > BYPASS_WINDOW_MS && requests < BYPASS_REQUESTS;
  return slow ? anew : { ...before, last, gateway, requests, looks: before.looks + 1 };
}

function standstillOf(source: string, processes: ReadonlyMap<string, Counted>): BlindTrouble | undefined {
  for (const { looks, answers, since } of processes.values())
    if (looks >= STILL_LOOKS && answers >= STILL_ANSWERS)
      return {
        ...{ reason: 'standstill', blind: true, since },
        text: `${source} gave ${answers} answers and counted neither tokens nor money. Look into the log of LiteLLM for errors of its prometheus callback, and restart it.`,
      };
  return undefined;
}

/** With several workers each look shows one of them: the others may have counted. */
function bypassedOf(
  source: string,
  bypass: Bypass | undefined,
  processes: number,
  now: Moment,
): BlindTrouble | undefined {
  if (bypass === undefined) return undefined;
  const { looks, requests, since } = bypass;
  const lasting = looks >= BYPASS_LOOKS * processes && now.monotonicMs - since.monotonicMs >= BYPASS_MS;
  if (!lasting || requests < BYPASS_REQUESTS) return undefined;
  return {
    ...{ reason: 'bypassed', blind: true, since },
    text: `The gateway let ${requests} requests through, and ${source} counted none of them. Is there a LiteLLM that the tripwire does not watch, or a route that goes past it?`,
  };
}
