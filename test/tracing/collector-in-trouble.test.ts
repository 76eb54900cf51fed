import { createHash } from 'node:crypto';
import { type Collector, startCollector } from '../support/collector';
import { scrape } from '../support/scrape';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';

/** A collector that hangs or refuses is nobody's trouble but its own. */

const TOKEN = 'a-token-for-orders-0123456789abcdef';
const sha256 = createHash('sha256').update(TOKEN).digest('hex');
const STOPS = 5;
/** As long as one sending may last. No order may wait for one. Milliseconds. */
const SEND_MS = 2_000;

let collector: Collector;
let whole: Whole;
beforeEach(async () => {
  collector = await startCollector();
  whole = await startWhole({
    now: Date.now,
    config: {
      scopes: { agent: { routes: [{ label: 'agent=openclaw' }] } },
      api: { tokens: [{ name: 'n8n', sha256, rights: ['stop'] }] },
      tracing: { otlpUrl: collector.url },
    },
  });
});
afterEach(async () => {
  await whole.close();
  await collector.close();
});

async function stop(): Promise<number> {
  const began = performance.now();
  const answer = await fetch(`${whole.pullcord.internalUrl}/api/v1/orders?wait=5`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ action: 'sever', scope: 'agent' }),
  });
  await answer.text();
  expect(answer.status).toBe(200);
  return performance.now() - began;
}
const number = async () => (await scrape(whole.pullcord.internalUrl)).get('pullcord_order_number');

it.each(['badly', 'never'] as const)('stops wait for nothing when it answers: %s', async (how) => {
  collector.answers = how;
  const [asked, before] = [collector.bodies.length, (await number()) ?? 0];
  const took: number[] = [];
  for (let i = 0; i < STOPS; i += 1) took.push(await stop());
  // A machine that stands still holds up one of them; a sending that is waited for, all.
  expect(Math.min(...took)).toBeLessThan(SEND_MS);
  // What was there to be sent was sent, and those that came after did not wait for it either.
  await until(() => collector.bodies.length > asked, 10_000);
  await stop();
  expect(await number()).toBe(before + STOPS + 1);
});

it('the end comes soon while it hangs', async () => {
  await stop();
  const ending = performance.now();
  await whole.pullcord.close();
  expect(performance.now() - ending).toBeLessThan(5_000);
});
