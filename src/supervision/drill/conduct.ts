import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import type { Latch } from '../../latch/latch';
import { isRehearsal } from '../../orders/drill';
import { compare } from './compare';
import type { DrillDoor } from './door';
import { type Hold, NotHeld } from './hold';
import { changed, type Objects } from './objects';
import type { DrillOperator } from './operator';
import { type RehearsalOptions, rehearse } from './rehearse';
import { type DrillReport, summary } from './report';
import { CannotGoOn, Steps } from './steps';
import { CALM_MS, type Tidy } from './tidy';

export interface ConductOptions extends Pick<RehearsalOptions, 'gateways' | 'orders' | 'twilio' | 'token' | 'stepMs'> {
  readonly operator: DrillOperator;
  /** Is held when a drill begins, and kept by whoever begins it. */
  readonly hold: Hold;
  readonly tidy: Tidy;
  /** Made anew for each drill. */
  readonly door: () => DrillDoor | undefined;
  readonly latches: () => readonly Latch[];
  /** Newest first. */
  readonly compareWith: () => Promise<readonly DrillReport[]>;
  readonly now: Clock;
  readonly monotonic: () => number;
  readonly logger: Logger;
}

interface Signals {
  /** Something else comes first: the rehearsal ends, and is cleaned up. */
  readonly signal: AbortSignal;
  /** Pullcord goes down: nothing more is begun. */
  readonly closing: AbortSignal;
}

/** One whole drill. Cleans up in any case, as far as that goes. Never throws. @returns the report at its end */
export async function conduct(
  options: ConductOptions,
  begun: DrillReport,
  steps: Steps,
  { signal, closing }: Signals,
): Promise<DrillReport> {
  const { gateways, orders, operator, hold, tidy, door, latches, now, monotonic, logger, twilio, token, stepMs } =
    options;
  const { id } = begun;
  const began = monotonic();
  const before = new Map<string, Objects>();
  const leaveOffice = operator.takeOffice();
  const brokenOff = await rehearsal();
  const cleaning = new Steps({ signal: closing, monotonic });
  await cleanUp().catch((error) => logger.warn({ err: error, drill: id }, 'a drill is not cleaned up yet'));
  leaveOffice();
  return ended();

  /** @returns why it came to no end */
  async function rehearsal(): Promise<string | undefined> {
    try {
      await leftovers();
      await rehearse({ id, gateways, orders, twilio, token, before, stepMs, door: door() }, steps, signal);
    } catch (error) {
      if (signal.aborted) return signal.reason instanceof Error ? signal.reason.message : String(signal.reason);
      if (error instanceof CannotGoOn) return undefined;
      logger.error({ err: error, drill: id }, 'a drill broke');
      return 'it broke by itself. The log says why.';
    }
    return undefined;
  }

  async function leftovers(): Promise<void> {
    // Which gateway can't be asked is found out, and said, by the next step.
    if (!(await tidy.isNeeded().catch(() => false))) return;
    await steps.must('leftovers', async () => {
      const waitedMs = await tidy.restore(id, stepMs, signal);
      await Promise.all(gateways.map((gateway) => gateway.remove()));
      return { waitedMs, detail: 'an earlier drill had died; it is cleaned up' };
    });
  }

  /** As far as it goes: each part is tried whether or not the one before could be done. */
  async function cleanUp(): Promise<void> {
    if (!(await hold.take())) throw new NotHeld();
    await tidy.awaitCalm(CALM_MS, closing);
    if (latches().some(({ scope }) => isRehearsal(scope)))
      await cleaning.take('restored', async () => {
        const waitedMs = await tidy.restore(id, stepMs, closing);
        return { waitedMs, detail: 'straight to the desk, to clean up' };
      });
    const removed = await cleaning.each('removed', gateways, async (gateway) => {
      await gateway.remove();
      return undefined;
    });
    // What people ordered meanwhile changes a gateway, too.
    const known = brokenOff === undefined ? removed.filter(({ name }) => before.has(name)) : [];
    await cleaning.each('compared', known, async (gateway) => {
      const different = changed(before.get(gateway.name) ?? new Map(), await gateway.objects());
      if (different.length === 0) return undefined;
      throw new Error(`not what it was: ${different.slice(0, 5).join(', ')}. Find out who changed it meanwhile.`);
    });
  }

  async function ended(): Promise<DrillReport> {
    const ms = Math.round(monotonic() - began - steps.waitedMs - cleaning.waitedMs);
    const all = [...steps.all, ...cleaning.all];
    const state = brokenOff === undefined && all.every(({ ok }) => ok) ? 'passed' : 'failed';
    const comparison = compare(all, ms, await options.compareWith().catch(() => []));
    const why = brokenOff === undefined ? {} : { brokenOff };
    const text = summary(comparison.steps, ms, brokenOff);
    return { ...begun, state, endedAt: now(), ms, ...comparison, ...why, text };
  }
}
