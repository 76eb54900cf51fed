import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../children/child';
import type { FloodContract, Flooded } from '../children/flood';
import { resultOf } from '../figures';
import { type Installation, realistic, startInstallation } from '../installation';
import { textMessage } from '../text-message';
import type { Case } from './case';
import { CALM_MS, tell } from './rounds';

/** A STOP that comes in the midst of forged webhooks, which have the right form and the wrong key. */
const REQUESTS = 20_000;
const CONNECTIONS = 50;
const STOPS = 12;
const WARM_UP = 5;
/** From the first forged request until the STOP. Milliseconds. */
const RAMP_MS = 200;
/** Floods take long: when they end before a STOP is verified, again and again, that is the result. */
const MOST_FLOODS = 6;

export const flood: Case = {
  name: 'flood',
  async run(options) {
    const installation = await startInstallation({ ...options, latency: realistic, routes: 10 });
    const attacker = await startChild<FloodContract>('flood', null);
    const stops = options.n ?? STOPS;
    const request = forged(installation.pullcord.ready.publicUrl);
    const attack = (): Promise<Flooded> =>
      attacker.call('run', { ...request, requests: REQUESTS, connections: CONNECTIONS });

    await quiet(installation, WARM_UP);
    const lines = await installation.ledgerLines();
    const alone = await attack();
    const linesOfFlood = (await installation.ledgerLines()) - lines;
    const [status] = Object.keys(alone.statuses);
    if (status !== '403' || alone.statuses[status] !== REQUESTS)
      throw new Error(`forged webhooks were answered ${JSON.stringify(alone.statuses)}`);

    const before = await installation.pullcord.call('footprint');
    const without = await quiet(installation, Math.ceil(stops / 2));
    const during: number[] = [];
    let floods = 0;
    for (; during.length < stops && floods < MOST_FLOODS; floods += 1)
      during.push(...(await amid(installation, attack(), stops - during.length)));
    without.push(...(await quiet(installation, Math.ceil(stops / 2))));
    await sleep(CALM_MS);
    const after = await installation.pullcord.call('footprint');
    await Promise.all([attacker.close(), installation.close()]);

    return [
      resultOf({
        name: 'flood',
        values: during,
        floor: without,
        floorIs: 'the same STOP without a flood; both until the text that says SEVERED was answered',
        more: {
          ...{ floods: floods + 1, requestsPerSecond: REQUESTS / alone.seconds, ledgerLinesOfOneFlood: linesOfFlood },
          ...{ handlesBefore: before.handles, handlesAfter: after.handles },
        },
        aim: { text: 'median at most 3 times the floor', holds: ({ ratio }) => ratio <= 3 },
      }),
      resultOf({
        name: 'flood-memory',
        values: [after.rssMiB],
        floor: [before.rssMiB],
        floorIs: `resident memory after the first flood, against that after ${floods} more with orders in between`,
        unit: 'MiB',
        more: { heapBefore: before.heapMiB, heapAfter: after.heapMiB },
      }),
    ];
  },
};

/** STOPs and RESTOREs as long as the flood goes on. @returns the STOPs that were verified before its end. */
async function amid(installation: Installation, attack: Promise<Flooded>, most: number): Promise<number[]> {
  const verified: number[] = [];
  let isOver = false;
  const over = attack.then(() => {
    isOver = true;
  });
  await sleep(RAMP_MS);
  while (!isOver && verified.length < most) {
    await installation.freshCodes();
    const ms = await tell(installation, 'STOP');
    if (!isOver) verified.push(ms);
    await tell(installation, 'RESTORE');
  }
  await over;
  return verified;
}

async function quiet(installation: Installation, rounds: number): Promise<number[]> {
  const verified: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await installation.freshCodes();
    await sleep(CALM_MS);
    verified.push(await tell(installation, 'STOP'));
    await sleep(CALM_MS);
    await tell(installation, 'RESTORE');
  }
  return verified;
}

function forged(publicUrl: string): { readonly port: number; readonly request: string } {
  const { host, port } = new URL(publicUrl);
  const { headers, body } = textMessage('+15550100001', 'STOP 492039', 'somebody-elses-token');
  const head = Object.entries({ ...headers, host, 'content-length': String(Buffer.byteLength(body)) });
  const lines = ['POST /sms/twilio HTTP/1.1', ...head.map(([name, value]) => `${name}: ${value}`), '', body];
  return { port: Number(port), request: lines.join('\r\n') };
}
