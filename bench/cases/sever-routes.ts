import { setTimeout as sleep } from 'node:timers/promises';
import { resultOf } from '../figures';
import { type Installation, realistic, startInstallation } from '../installation';
import type { Case } from './case';
import { CALM_MS, restore, type Stopped, stop } from './rounds';

/** Whether a cut costs more where more routes are cut: two installations, in turn. The clamp is one write in both. */
const ROUNDS = 30;
const WARM_UP = 5;
const [FEW, MANY] = [10, 1_000];

export const severRoutes: Case = {
  name: 'sever-routes-1000',
  async run(options) {
    const start = (routes: number): Promise<Installation> =>
      startInstallation({ ...options, latency: realistic, routes });
    const [few, many] = [await start(FEW), await start(MANY)];
    const stops = new Map<Installation, Stopped[]>([
      [few, []],
      [many, []],
    ]);
    for (let round = -WARM_UP; round < (options.n ?? ROUNDS); round += 1)
      for (const [installation, measured] of stops) {
        await installation.freshCodes();
        await sleep(CALM_MS);
        const stopped = await stop(installation);
        await sleep(CALM_MS);
        await restore(installation);
        if (round >= 0) measured.push(stopped);
      }
    await Promise.all([few.close(), many.close()]);

    const figures = (key: keyof Stopped) => ({
      values: stops.get(many)?.map((one) => one[key]) ?? [],
      floor: stops.get(few)?.map((one) => one[key]) ?? [],
    });
    return [
      resultOf({
        name: 'sever-routes-1000',
        ...figures('refused'),
        floorIs: 'sever-routes-10, the same for a scope of 10 routes',
        aim: { text: 'median at most 2 times the floor', holds: ({ ratio }) => ratio <= 2 },
      }),
      resultOf({
        name: 'verify-routes-1000',
        ...figures('verified'),
        floorIs: 'verify-routes-10: until the text that says so was answered',
      }),
    ];
  },
};
