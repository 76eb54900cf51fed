import { createHash } from 'node:crypto';
import { moved, type Samples, scrape } from '../support/scrape';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';

const TOKEN = 'a-token-for-orders-0123456789abcdef';

let whole: Whole;
beforeAll(async () => {
  whole = await startWhole({
    config: {
      scopes: { agent: { routes: [{ label: 'agent=openclaw' }] }, llm: { routes: [{ uri: '/v1/*' }] } },
      api: {
        tokens: [{ name: 'n8n', sha256: createHash('sha256').update(TOKEN).digest('hex'), rights: ['stop', 'status'] }],
      },
      enforcer: { periodSeconds: 1 },
    },
  });
});
afterAll(() => whole.close());

const look = (): Promise<Samples> => scrape(whole.pullcord.internalUrl);
const text = async (who: 'alice' | 'bob', body: string, reply: RegExp): Promise<void> => {
  await whole.phone.text(whole[who].phone, body);
  await whole.phone.expectReply(whole[who].phone, reply, 10_000);
};
const order = (body: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${whole.pullcord.internalUrl}/api/v1/orders?wait=5`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}`, ...headers },
    body: JSON.stringify(body),
  });

const COUNTED = /^pullcord_(orders|refusals|order|latch_state|drift|sms|drills|order_number)/;
const placed = (source: string, action: string, result: string): string =>
  `pullcord_orders_total{source="${source}",action="${action}",result="${result}"}`;
const refusal = (reason: string): string => `pullcord_refusals_total{reason="${reason}"}`;
const verified = (action: string, scope: string): string =>
  `pullcord_order_verified_seconds_count{action="${action}",scope="${scope}"}`;
const refused = (scope: string): string => `pullcord_order_refused_seconds_count{scope="${scope}"}`;
const latch = (scope: string, state: string): string => `pullcord_latch_state{scope="${scope}",state="${state}"}`;

it('an order through a door moves its own series, and no other', async () => {
  const steps: [string, () => Promise<unknown>, Record<string, number>][] = [
    [
      'a wrong code',
      () => text('alice', 'STOP agent 000000', /Wrong code/),
      { [placed('sms', 'sever', 'refused')]: 1, [refusal('code-wrong')]: 1 },
    ],
    [
      'a STOP by text',
      () => text('alice', `STOP agent ${whole.alice.code()}`, /SEVERED/),
      {
        [placed('sms', 'sever', 'accepted')]: 1,
        ...{ [refused('agent')]: 1, [verified('sever', 'agent')]: 1, pullcord_order_number: 1 },
        ...{ [latch('agent', 'live')]: -1, [latch('agent', 'severed')]: 1 },
      },
    ],
    [
      'a STOP by token',
      () => order({ action: 'sever', scope: 'llm' }, { 'idempotency-key': 'one' }),
      {
        [placed('api', 'sever', 'accepted')]: 1,
        ...{ [refused('llm')]: 1, [verified('sever', 'llm')]: 1, pullcord_order_number: 1 },
        ...{ [latch('llm', 'live')]: -1, [latch('llm', 'severed')]: 1 },
      },
    ],
    [
      'the same STOP once more',
      () => order({ action: 'sever', scope: 'llm' }, { 'idempotency-key': 'one' }),
      { [placed('api', 'sever', 'repeated')]: 1 },
    ],
    [
      'a RESTORE by token, which never gets to the desk',
      () => order({ action: 'restore', scope: 'llm' }),
      { [refusal('not-restorable-by-token')]: 1 },
    ],
    [
      'a wrong token',
      () => order({ action: 'sever' }, { authorization: 'Bearer nobody' }),
      { [refusal('token-wrong')]: 1 },
    ],
    [
      'a scope that somebody made up',
      () => order({ action: 'sever', scope: 'made-up' }),
      { [placed('api', 'sever', 'refused')]: 1, [refusal('unknown-scope')]: 1 },
    ],
    [
      'a text of a stranger',
      async () => {
        const before = (await look()).get(refusal('unknown-sender'));
        await whole.phone.text('+15550199999', 'STOP 123456');
        await until(async () => (await look()).get(refusal('unknown-sender')) !== before);
      },
      { [refusal('unknown-sender')]: 1 },
    ],
    [
      'a RESTORE by text',
      () => text('bob', `RESTORE llm ${whole.bob.code()}`, /RESTORED/),
      {
        [placed('sms', 'restore', 'accepted')]: 1,
        ...{ [verified('restore', 'llm')]: 1, pullcord_order_number: 1 },
        ...{ [latch('llm', 'severed')]: -1, [latch('llm', 'live')]: 1 },
      },
    ],
  ];
  for (const [what, act, moves] of steps) {
    const before = await look();
    await act();
    expect({ what, moves: moved(before, await look(), COUNTED) }).toEqual({ what, moves });
  }
});

it('what was changed behind our back and cut again is a drift and a write', async () => {
  const before = await look();
  await whole.admin('DELETE', 'global_rules/pullcord-clamp');
  await until(async () => ((await look()).get('pullcord_drift_total{cutter="apisix main"}') ?? 0) > 0);
  const moves = moved(before, await look(), /^pullcord_(drift|cutter_writes|orders|refusals)/);
  expect(Object.keys(moves).sort()).toEqual([
    'pullcord_cutter_writes_total{cutter="apisix main"}',
    'pullcord_drift_total{cutter="apisix main"}',
  ]);
});

it('probes, passes and the ledger are counted as they happen', async () => {
  const before = await look();
  await until(async () => Object.keys(moved(before, await look(), /passes_total.*reached/)).length > 0);
  const after = await look();
  expect(after.get('pullcord_probes_total{gateway="main",outcome="refused"}')).toBeGreaterThan(0);
  expect(after.get('pullcord_cutter_passes_total{cutter="apisix main",result="failed"}')).toBe(0);
  expect(after.get('pullcord_ledger_write_failures_total')).toBe(0);
  expect(after.get('pullcord_ledger_lines')).toBeGreaterThan(5);
  expect(after.get('pullcord_queue_up')).toBe(1);
  expect(after.get('pullcord_queue_jobs{lane="orders",state="failed"}')).toBe(0);
  expect(after.get('pullcord_outbox_owed')).toBe(0);
  expect(after.get('pullcord_part_signal{part="cutter apisix main",signal="normal"}')).toBe(1);
  expect(after.get('pullcord_readiness_state{state="disarmed"}')).toBe(0);
  expect(after.get('pullcord_metrics_failures_total')).toBe(0);
  expect(after.get('process_cpu_seconds_total')).toBeGreaterThan(0);
});

it('what there is not is absent, and not 0', async () => {
  const names = [...(await look()).keys()].map((series) => series.replace(/\{.*/, ''));
  for (const prefix of ['pullcord_tripwire_', 'pullcord_fallback_', 'pullcord_drill_last_', 'pullcord_drill_next_'])
    expect(names.filter((name) => name.startsWith(prefix))).toEqual([]);
});

it('holds no number of a phone, no name of a person, no code, no token and no path', async () => {
  const answer = await fetch(`${whole.pullcord.internalUrl}/metrics`);
  const said = await answer.text();
  const { alice, bob, carol } = whole;
  const secrets = [alice, bob, carol].flatMap(({ name, phone, backupCodes }) => [name, phone, ...backupCodes]);
  for (const secret of [...secrets, '15550199999', '15550100100', TOKEN, 'n8n', whole.dataDir, whole.apisix.adminKey])
    expect(said).not.toContain(secret);
  expect(said).not.toMatch(/\+\d{6,}|\/v1\/|\/sms\//);
});

it.each([
  ['GET', 200],
  ['HEAD', 200],
  ['POST', 405],
  ['PUT', 405],
  ['DELETE', 405],
])('%s /metrics is answered %i', async (method, status) => {
  const answer = await fetch(`${whole.pullcord.internalUrl}/metrics`, { method });
  expect(answer.status).toBe(status);
  if (status === 200) expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  else expect(answer.headers.get('allow')).toBe('GET, HEAD');
  expect((await answer.text()).length > 0).toBe(method !== 'HEAD');
});

it('is not on the public listener', async () => {
  expect((await fetch(`${whole.pullcord.publicUrl}/metrics`)).status).toBe(404);
});

it('another Pullcord in the same process counts by itself', async () => {
  const other = await startWhole();
  try {
    const samples = await scrape(other.pullcord.internalUrl);
    expect(samples.get(placed('sms', 'sever', 'accepted'))).toBe(0);
    expect(samples.get('pullcord_order_number')).toBe(0);
  } finally {
    await other.close();
  }
});
