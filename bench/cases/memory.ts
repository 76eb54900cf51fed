import { setTimeout as sleep } from 'node:timers/promises';
import type { BareContract } from '../children/bare';
import { startChild } from '../children/child';
import { resultOf } from '../figures';
import { instant, startInstallation } from '../installation';
import type { Case } from './case';

/** Resident memory with the embedded ledger and queue. */
const ORDERS = 1_000;
const SAMPLES = 10;
const BETWEEN_MS = 200;

export const memory: Case = {
  name: 'memory',
  async run(options) {
    const orders = options.n ?? ORDERS;
    const bare = await startChild<BareContract>('bare', null);
    const node = await sample(async () => (await bare.call('footprint')).rssMiB);
    await bare.close();

    const installation = await startInstallation({ ...options, latency: instant, routes: 10 });
    const rss = async (): Promise<number> => (await installation.pullcord.call('footprint')).rssMiB;
    const idle = await sample(rss);
    for (let order = 0; order < orders; order += 1) {
      if (order % 2 === 0) await installation.freshCodes();
      await installation.order(order % 2 === 0 ? 'sever' : 'restore');
    }
    const worn = await sample(rss);
    await installation.close();
    return [
      resultOf({ name: 'memory-idle', values: idle, floor: node, floorIs: 'a bare process of Node', unit: 'MiB' }),
      resultOf({
        name: `memory-after-${orders}-orders`,
        ...{ values: worn, floor: idle, floorIs: 'memory-idle', unit: 'MiB' },
      }),
    ];
  },
};

async function sample(read: () => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  for (let i = 0; i < SAMPLES; i += 1) {
    await sleep(BETWEEN_MS);
    values.push(await read());
  }
  return values;
}
