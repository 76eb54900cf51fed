import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { gatewayScopes } from '../../src/sandbox/gateway-objects';
import { standBeforePglite } from '../support/fault-proxy/embedded';
import type { FaultProxy } from '../support/fault-proxy/fault';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';
import { heap } from './heap';
import { held } from './held';

/** Left out: ten thousand. */
const wanted = Number(process.env.SOAK_ORDERS ?? 10_000);
const LOOKS = 20;
const EVERY = Math.ceil(wanted / LOOKS);
/** What the program holds, in the last half. Bytes an order. */
const MAY_GROW = 1_024;
/** The phone keeps what was texted; jest keeps the source maps that it has read. */
const OWN = { objects: new Set(['TraceMap']), variables: new Set(['inboxes', 'sent', 'looks', 'amiss']) };
const TOKEN = 'soak-token';

const SCOPES = ['agent', 'llm', 'fallback'] as const;
type Scope = (typeof SCOPES)[number];
/** A route that this scope holds. */
const PATHS: Readonly<Record<Scope, string>> = { agent: '/tools/x', llm: '/v1/embeddings', fallback: '/fallback/x' };
const HOLDERS: Readonly<Record<string, readonly Scope[]>> = {
  '/tools/x': ['agent'],
  '/v1/embeddings': ['agent', 'llm'],
  '/fallback/x': SCOPES,
};

let whole: Whole;
let ledger: FaultProxy;
beforeAll(async () => {
  whole = await startWhole({
    config: {
      scopes: gatewayScopes,
      enforcer: { periodSeconds: 1 },
      api: {
        tokens: [
          { name: 'soak', sha256: createHash('sha256').update(TOKEN).digest('hex'), rights: ['stop', 'status'] },
        ],
      },
    },
  });
  ledger = standBeforePglite(whole.dataDir);
});
afterAll(async () => {
  await ledger.close();
  await whole.close();
});

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

async function api(method: string, path: string, body?: object): Promise<Answer> {
  const answer = await fetch(`${whole.pullcord.internalUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

const count = { accepted: 0, refused: 0, lost: 0, wrong: 0, underFaults: 0 };
const amiss: string[] = [];
/** What the newest order of a scope is, and its number; 0 while the ledger doesn't know it. */
const newest = new Map<Scope, { action: 'sever' | 'restore'; number: number }>();

function took(scope: Scope, action: 'sever' | 'restore', { status, json }: Answer): void {
  if (status !== 200 && status !== 202) {
    count.refused += 1;
    // Law 4: whatever is broken, a stop is taken.
    if (action === 'sever') throw new Error(`a stop was refused: ${status} ${JSON.stringify(json)}`);
    return;
  }
  count.accepted += 1;
  const number = Number((json.order as { number?: number } | undefined)?.number ?? json.number ?? 0);
  const before = newest.get(scope);
  if (!before || number === 0 || number > before.number) newest.set(scope, { action, number });
}

type Who = 'alice' | 'bob' | 'carol';
const ask = (scope: Scope, action: 'sever' | 'restore', who?: Who, wait = 0): Promise<Answer> => {
  const by = who ? { operator: who, code: whole[who].code() } : {};
  return api('POST', `/api/v1/orders?wait=${wait}`, { action, scope, ...by });
};
const order = async (scope: Scope, action: 'sever' | 'restore', who?: Who, wait = 0): Promise<void> =>
  took(scope, action, await ask(scope, action, who, wait));

const FAULTS: readonly { readonly on: () => unknown; readonly off: () => unknown }[] = [
  { on: () => whole.apisix.faults.answer(500), off: () => whole.apisix.faults.clear() },
  { on: () => whole.apisix.faults.hang({ applied: true }), off: () => whole.apisix.faults.clear() },
  { on: () => whole.apisix.faults.refuse(), off: () => whole.apisix.faults.clear() },
  { on: () => whole.apisix.faults.gateway(0, 'deaf'), off: () => whole.apisix.faults.clear() },
  { on: () => ledger.fault('error'), off: () => ledger.lift() },
  { on: () => ledger.fault('delay'), off: () => ledger.lift() },
  { on: () => ledger.fault('hang'), off: () => ledger.lift() },
];

/** All at rest: each scope as its newest order wants it, and the gateway too. Whatever is not is lost, or wrong. */
async function atRest(): Promise<void> {
  const asWanted = async (): Promise<boolean> => {
    const { json } = await api('GET', '/api/v1/scopes');
    const scopes = json.scopes as { scope: Scope; state: string }[];
    return scopes.every(({ scope, state }) => {
      const last = newest.get(scope);
      return !last || state === (last.action === 'sever' ? 'severed' : 'live');
    });
  };
  await until(asWanted, 30_000).catch(async () => {
    count.lost += 1;
    amiss.push(JSON.stringify([...newest, (await api('GET', '/api/v1/scopes')).json]));
  });
  for (const path of Object.values(PATHS)) {
    const cut = HOLDERS[path]?.some((scope) => newest.get(scope)?.action === 'sever') ?? false;
    const refuses = (await whole.status(path)) === 503;
    if (cut === refuses) continue;
    count[cut ? 'wrong' : 'lost'] += 1;
    amiss.push(`${path} ${refuses ? 'is' : 'is not'} refused: ${JSON.stringify([...newest])}`);
  }
}

const files = (): number =>
  readdirSync(whole.dataDir, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('ledger')).length;
const handles = (): number => process.getActiveResourcesInfo().filter((name) => !/Timeout|Immediate/.test(name)).length;
const lines = async (): Promise<number> => {
  const { json } = await api('GET', '/api/v1/ledger?limit=1');
  return (json.lines as { seq: number }[])[0]?.seq ?? 0;
};

/** The program stood still meanwhile, and its connections with it: goes on when it answers again. */
async function heldNow(): Promise<number> {
  const bytes = held(OWN);
  await until(async () => {
    const answered = await api('GET', '/api/v1/scopes').catch(() => undefined);
    return answered?.status === 200;
  }, 30_000);
  return bytes;
}

/** Least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return over / points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

it(`${wanted} orders under faults that come and go: none is lost, nothing is given back, nothing grows`, async () => {
  const holds: [orders: number, bytes: number][] = [];
  const looks: { orders: number; heap: number; rss: number; lines: number; files: number; handles: number }[] = [];
  const people = ['alice', 'bob', 'carol'] as const;
  let fault: (typeof FAULTS)[number] | undefined;
  const began = performance.now();
  for (let at = 0; at < wanted; ) {
    const turn = Math.floor(at / 2);
    const scope = SCOPES[turn % 3] ?? 'agent';
    const who = people[turn % 3] ?? 'alice';
    whole.clock.advance(31);
    if (turn % 25 === 20) {
      fault = FAULTS[Math.floor(turn / 25) % FAULTS.length];
      await fault?.on();
    }
    if (fault) count.underFaults += 2;
    if (turn % 7 === 3) {
      // They collide: whatever number each gets decides.
      const [restored, stopped] = await Promise.all([ask(scope, 'restore', who), ask(scope, 'sever')]);
      took(scope, 'restore', restored);
      // One without a number gets its own later, and so the greater one.
      took(scope, 'sever', stopped);
    } else {
      if (turn % 5 === 1) took(scope, 'sever', await text(who, scope));
      else await order(scope, 'sever', undefined, fault ? 0 : 2);
      // A token stops; it restores nothing.
      if (turn % 10 === 4) {
        const { status } = await api('POST', '/api/v1/orders', { action: 'restore', scope });
        if (status < 400) count.wrong += 1;
        count.refused += 1;
      }
      await order(scope, 'restore', who, fault ? 0 : 2);
    }
    at += 2;
    if (fault && turn % 25 === 23) {
      await fault.off();
      fault = undefined;
      await atRest();
    }
    if (at % EVERY < 2 && !fault) {
      await atRest();
      const { rss } = process.memoryUsage();
      if (looks.length === LOOKS / 2 - 1) holds.push([at, await heldNow()]);
      looks.push({ orders: at, heap: heap(), rss, lines: await lines(), files: files(), handles: handles() });
    }
  }
  await fault?.off();
  await atRest();
  holds.push([wanted, await heldNow()]);

  const half = looks.slice(Math.floor(looks.length / 2));
  const perOrder = (what: 'heap' | 'rss' | 'lines') => slope(half.map((look) => [look.orders, look[what]] as const));
  const seconds = (performance.now() - began) / 1_000;
  const report = {
    ...{ orders: wanted, seconds: Math.round(seconds), ...count, amiss },
    heldBytesPerOrder: Math.round(slope(holds)),
    ...{ heapBytesPerOrder: Math.round(perOrder('heap')), rssBytesPerOrder: Math.round(perOrder('rss')) },
    ...{ linesPerOrder: Number(perOrder('lines').toFixed(2)), first: looks[0], last: looks.at(-1) },
  };
  process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
  expect([count.lost, count.wrong]).toEqual([0, 0]);
  expect(holds).toHaveLength(2);
  expect(report.heldBytesPerOrder).toBeLessThan(MAY_GROW);
  expect(Math.abs((half.at(-1)?.handles ?? 0) - (half[0]?.handles ?? 0))).toBeLessThanOrEqual(8);
  expect(half.at(-1)?.files).toBe(half[0]?.files);
  expect(report.linesPerOrder).toBeLessThan(8);
});

/** By the phone: the reply tells whether it was taken. */
async function text(who: Who, scope: Scope): Promise<Answer> {
  const { phone, code } = whole[who];
  const before = newest.get(scope)?.number ?? 0;
  await whole.phone.text(phone, `STOP ${scope} ${code()}`);
  await until(async () => {
    const { json } = await api('GET', '/api/v1/scopes');
    const it = (json.scopes as { scope: Scope; state: string; order: number }[]).find((one) => one.scope === scope);
    return it !== undefined && /^sever/.test(it.state) && (it.order > before || it.state !== 'live');
  }, 20_000);
  const { json } = await api('GET', '/api/v1/scopes');
  const it = (json.scopes as { scope: Scope; order: number }[]).find((one) => one.scope === scope);
  // While the ledger is away the scope shows the number of the order before.
  return { status: 200, json: { number: it && it.order > before ? it.order : 0 } };
}
