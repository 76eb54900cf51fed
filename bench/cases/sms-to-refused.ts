import { setTimeout as sleep } from 'node:timers/promises';
import { type Aim, median, percentile, type Result, resultOf } from '../figures';
import { good } from '../http';
import { type Installation, instant, type Latency, realistic, startInstallation } from '../installation';
import type { Case, CaseOptions } from './case';
import { CALM_MS, restore, type Stopped, stop } from './rounds';

/**
 * From the first byte of the text message's webhook until the gateway is seen to refuse, by a tight loop of requests
 * on another connection. The floor is one raw write of the same rule from the same client, seen by the same loop.
 */
const WARM_UP = 10;
const ROUTES = 10;

interface Floor {
  readonly refused: number;
  readonly served: number;
  readonly arrived: number;
  readonly stored: number;
}

async function floor({ lookout, gateway, writeRule }: Installation): Promise<Floor> {
  await lookout.until('served');
  const refusedAt = lookout.until('refused');
  const cut = await writeRule(true);
  const [refused] = await Promise.all([refusedAt, good(cut.answer)]);
  const { arrived, stored } = await gateway.call('stamps');

  const servedAt = lookout.until('served');
  const given = await writeRule(false);
  const [served] = await Promise.all([servedAt, good(given.answer)]);
  return { refused: refused - cut.at, served: served - given.at, arrived: arrived - cut.at, stored: stored - cut.at };
}

interface Measured {
  /** The first STOP of this Pullcord's life: nothing of it is warm, as on the day it is needed. */
  readonly first: number;
  readonly stops: readonly Stopped[];
  readonly restores: readonly number[];
  readonly floors: readonly Floor[];
}

/** Floor and order in turn, so that whatever else the machine does meets both. */
async function measure(options: CaseOptions, latency: Latency, rounds: number): Promise<Measured> {
  const installation = await startInstallation({ ...options, latency, routes: ROUTES });
  const stops: Stopped[] = [];
  const restores: number[] = [];
  const floors: Floor[] = [];
  let first = Number.NaN;
  for (let round = -WARM_UP; round < (options.n ?? rounds); round += 1) {
    await sleep(CALM_MS);
    const raw = await floor(installation);
    await installation.freshCodes();
    await sleep(CALM_MS);
    const stopped = await stop(installation);
    await sleep(CALM_MS);
    const restored = await restore(installation);
    if (round === -WARM_UP) first = stopped.refused;
    if (round < 0) continue;
    floors.push(raw);
    stops.push(stopped);
    restores.push(restored);
  }
  await installation.close();
  return { first, stops, restores, floors };
}

function results(suffix: string, { first, stops, restores, floors }: Measured, aim?: Aim): readonly Result[] {
  const ofStop = (key: keyof Stopped): number[] => stops.map((one) => one[key]);
  const ofFloor = (key: keyof Floor): number[] => floors.map((one) => one[key]);
  const p99 = percentile(ofStop('refused'), 99);
  return [
    resultOf({
      name: `sms-to-refused${suffix}`,
      ...{ values: ofStop('refused'), floor: ofFloor('refused') },
      floorIs: 'one raw PATCH of the rule, until the same loop sees it',
      more: {
        first,
        writeArrives: median(ofStop('arrived')),
        writeStands: median(ofStop('stored')),
        verified: median(ofStop('verified')),
        rawWriteArrives: median(ofFloor('arrived')),
        rawWriteStands: median(ofFloor('stored')),
        p99ByFloorP50: p99 / median(ofFloor('refused')),
        p99ByFloorP99: p99 / percentile(ofFloor('refused'), 99),
      },
      aim,
    }),
    resultOf({
      name: `restore${suffix}`,
      ...{ values: restores, floor: ofFloor('served') },
      floorIs: 'the raw PATCH back, until the same loop sees it',
    }),
  ];
}

const aim: Aim = {
  text: 'median at most 1.5 times, p99 at most 3 times the median of the floor',
  holds: ({ ratio, p99, floorP50 }) => ratio <= 1.5 && p99 <= 3 * floorP50,
};

export const smsToRefused: Case = {
  name: 'sms-to-refused',
  run: async (options) => results('', await measure(options, realistic, 100), aim),
};

/** The gateway takes no time of its own: all that is left is ours. */
export const smsToRefusedInstant: Case = {
  name: 'sms-to-refused-instant',
  run: async (options) => results('-instant', await measure(options, instant, 40)),
};
