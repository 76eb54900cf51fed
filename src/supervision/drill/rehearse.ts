import { setTimeout as pause } from 'node:timers/promises';
import type { Canary } from '../../cutters/apisix/canary';
import type { Finding } from '../checks/finding';
import type { DrillDoor } from './door';
import type { DrillGateway } from './gateway';
import type { OpenStream } from './knock';
import type { Objects } from './objects';
import type { DrillOrders } from './orders';
import type { Steps } from './steps';

export interface RehearsalOptions {
  readonly id: string;
  readonly gateways: readonly DrillGateway[];
  readonly orders: DrillOrders;
  /** Undefined where no provider of texts is configured. */
  readonly door: DrillDoor | undefined;
  /** What Twilio says of the account and its numbers. */
  readonly twilio: () => Promise<readonly Finding[]>;
  /** Makes the canary's token: hexadecimal. */
  readonly token: () => string;
  /** What stood on each gateway before, by its name: is noted here. */
  readonly before: Map<string, Objects>;
  /** How long one step may take. Milliseconds. */
  readonly stepMs: number;
}

const LOOK_EVERY_MS = 10;

/**
 * From the first look to the last probe. What shows that a real STOP would fail is a step that isn't ok; where no more
 * can be seen after it, the rest is left out. Cleans nothing up: that is done in any case, by whoever calls.
 * @throws CannotGoOn, and the signal's reason when it is broken off
 */
export async function rehearse(options: RehearsalOptions, steps: Steps, signal: AbortSignal): Promise<void> {
  const { id, gateways, orders, door, twilio, token, before, stepMs } = options;
  const canaries = new Map<string, Canary>();
  const streams = new Map<string, readonly OpenStream[]>();
  const canaryOf = ({ name }: DrillGateway): Canary => canaries.get(name) as Canary;
  const endsStreams = new Set<string>();
  const fresh = token();

  try {
    await steps.each('gateway', gateways, async (gateway) => {
      const { faults, endsStreams: ends, objects } = await gateway.inspect();
      before.set(gateway.name, objects);
      if (ends) endsStreams.add(gateway.name);
      if (faults.length > 0) throw new Error(faults.join('; '));
      return ends ? undefined : { detail: 'open streams are not ended here, and not rehearsed' };
    });
    if (door) await steps.take('twilio', async () => twilioSeen(await twilio()));

    await steps.mustEach('canary', gateways, async (gateway) => {
      const wanted = { token: fresh, streams: endsStreams.has(gateway.name) };
      const { canary, why } = await gateway.make(wanted);
      canaries.set(gateway.name, canary);
      return why === undefined ? undefined : { detail: `open streams are not rehearsed: ${why}` };
    });
    await steps.mustEach('served', gateways, async (gateway) => {
      await gateway.awaitAll('served', canaryOf(gateway), stepMs, signal);
      return undefined;
    });
    const streaming = gateways.filter((gateway) => canaryOf(gateway).streams);
    const open = await steps.each('stream', streaming, async (gateway) => {
      streams.set(gateway.name, await gateway.open(canaryOf(gateway)));
      return undefined;
    });

    const { order: severed, sentAt } = await order('sever');
    await steps.must('severed', async () => ({ ms: (await orders.settled(severed, stepMs, signal)).ms }));
    await steps.each('refused', gateways, async (gateway) => {
      await gateway.awaitAll('refused', canaryOf(gateway), stepMs, signal);
      if ((await gateway.rung()) === 'rewrite' && endsStreams.has(gateway.name))
        throw new Error('the clamp did not hold: the canary had to be rewritten. See the alarms and the ledger.');
      return undefined;
    });
    await steps.each('stream-ended', open, (gateway) => ended(streams.get(gateway.name) ?? [], sentAt));

    const { order: restored } = await order('restore');
    await steps.must('restored', async () => ({ ms: (await orders.settled(restored, stepMs, signal)).ms }));
    await steps.each('served-again', gateways, async (gateway) => {
      await gateway.awaitAll('served', canaryOf(gateway), stepMs, signal);
      return undefined;
    });
  } finally {
    for (const stream of [...streams.values()].flat()) stream.close();
  }

  async function order(action: 'sever' | 'restore') {
    let given: Awaited<ReturnType<DrillOrders['give']>> | undefined;
    await steps.must(action === 'sever' ? 'stop' : 'restore', async () => {
      given = await orders.give(action, door, id, signal);
      const { waitedMs, detail } = given;
      const waited = waitedMs >= 1000 ? ` It waited ${Math.round(waitedMs / 1000)} s for a fresh code.` : '';
      return { detail: `${detail}${waited}`, waitedMs };
    });
    return given as NonNullable<typeof given>;
  }

  async function ended(open: readonly OpenStream[], sentAt: number): Promise<{ readonly ms: number }> {
    const end = performance.now() + stepMs;
    while (open.some((stream) => stream.ended === undefined)) {
      if (performance.now() >= end) throw new Error(`a stream goes on, ${stepMs / 1000} s after the refusal was seen`);
      await pause(LOOK_EVERY_MS, undefined, { signal });
    }
    if (open.some((stream) => stream.ended?.how === 'done')) throw new Error('a stream went on to its own end');
    return { ms: Math.max(...open.map((stream) => stream.ended?.at ?? sentAt)) - sentAt };
  }
}

function twilioSeen(findings: readonly Finding[]): { readonly detail?: string } | undefined {
  const inWords = (level: Finding['level']): string[] =>
    findings.filter((one) => one.level === level).map(({ what, advice = '' }) => `Twilio ${what}. ${advice}`.trim());
  const faults = inWords('fault');
  if (faults.length > 0) throw new Error(faults.join(' '));
  const warnings = inWords('warning');
  return warnings.length > 0 ? { detail: warnings.join(' ') } : undefined;
}
