import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import pino from 'pino';
import { armedWith, clampRule, idsOf } from '../../../src/cutters/apisix/clamp';
import { refuses } from '../../../src/cutters/apisix/refusal';
import { routeOf } from '../../../src/cutters/apisix/route';
import { orderBody } from '../../../src/intake/http/schemas';
import { ChainVerifier, chain, GENESIS } from '../../../src/ledger/chain';
import { Spool } from '../../../src/ledger/spool';
import { formatOperators, OperatorsFileBroken, parseOperators } from '../../../src/operators/format';
import { processor } from '../../../src/queue/process';
import { alice, bob, keys } from '../../operators/people';
import { must, mutated, target } from '../target';

const pieces = fc.constantFrom(
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    'null',
    'true',
    '-1',
    '0',
    '1e999',
    '9007199254740993',
    '""',
    '{}',
    '[]',
    '\\u0000',
  ],
  ...[
    '"__proto__":{"x":1},',
    '"constructor":',
    '"restore"',
    '"sever"',
    '"action":"restore",',
    '[[[[',
    '"\\ud800"',
    '"order":1,',
  ],
);
/** Structure that is like the good one, with anything in its places. */
const like = (good: Readonly<Record<string, unknown>>): fc.Arbitrary<unknown> =>
  fc.record(
    Object.fromEntries(
      Object.entries(good).map(([key, value]) => [
        key,
        fc.oneof({ weight: 4, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: fc.anything({ maxDepth: 2 }) }),
      ]),
    ),
    { requiredKeys: [] },
  );
const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object';
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const orders = [
  { action: 'sever', scope: 'agent', reason: 'too much' },
  { action: 'restore', scope: 'llm', operator: 'alice', code: '492039' },
];
export const bodies = fc.oneof(
  mutated(
    orders.map((order) => JSON.stringify(order)),
    pieces,
  ).map(parsed),
  ...orders.map(like),
  fc.anything(),
);
export const orderBodies = target('bodies of orders', 100_000, bodies, (body) => {
  const read = orderBody.safeParse(body);
  if (!read.success) return;
  must(isObject(body), 'no object, and read');
  must(body.action === 'sever' || body.action === 'restore', 'an action that is none');
  must(read.data.action === body.action, 'another action');
  for (const key of Object.keys(body))
    must(['action', 'scope', 'reason', 'operator', 'code'].includes(key), 'a stranger');
  must(read.data.code === undefined || read.data.operator !== undefined, 'a code of nobody');
  must(!/[\r\n]/.test(read.data.reason ?? ''), 'two lines');
});

const secretRoute = {
  id: 'r1',
  uri: '/v1/*',
  labels: { team: 'a' },
  hosts: ['x'],
  methods: ['GET'],
  status: 1,
  vars: [],
};
const answers = fc.oneof(
  like(secretRoute),
  like(clampRule(['r1']) as Record<string, unknown>),
  mutated([JSON.stringify(clampRule(['r1', 'r2'])), JSON.stringify(secretRoute)], pieces).map(parsed),
  fc.anything({ withNullPrototype: true, maxDepth: 4 }),
);
export const gateway = target("a gateway's answers", 140_000, answers.filter(isObject), (answer) => {
  const doc = answer as Record<string, unknown>;
  const route = routeOf(doc);
  for (const list of [route.uris, route.hosts, route.methods])
    must(
      list.every((one) => typeof one === 'string'),
      'no text',
    );
  must(route.off === (doc.status === 0), 'a route that is off, or not');
  refuses(doc);
  const ids = [...idsOf(doc)];
  must(
    ids.every((id) => typeof id === 'string'),
    'an id that is none',
  );
  const text = JSON.stringify(doc, (_, value) => (typeof value === 'bigint' ? String(value) : value)) ?? '';
  must(
    ids.every((id) => text.includes(JSON.stringify(id))),
    'an id that nobody named',
  );
  if (armedWith(doc)) must(text.includes('fault-injection') && text.includes('503'), 'armed with nothing');
});

const uuid = '0b2d5c0a-3a8e-4d3a-9a52-5b5e4f6f7a10';
const jobs = [
  { name: 'enforce', action: 'sever', order: 7, correlation: 'SM1' },
  { name: 'reply', order: 7, correlation: 'SM1' },
  { name: 'deliver', subscription: uuid, event: uuid },
  { name: 'drill' },
];
const done: unknown[] = [];
const note = async (job: unknown): Promise<void> => void done.push(job);
const work = processor(
  { enforce: note, reply: note, deliver: note, drill: () => note({ name: 'drill' }) },
  pino({ level: 'silent' }),
);
export const queue = target(
  'jobs in the queue',
  80_000,
  fc.oneof(
    ...jobs.map(like),
    mutated(
      jobs.map((job) => JSON.stringify(job)),
      pieces,
    ).map(parsed),
    fc.anything(),
  ),
  async (data) => {
    done.length = 0;
    const threw = await work({ id: '1', data, attemptsMade: 0, opts: {} }).then(
      () => false,
      () => true,
    );
    must(threw === (done.length === 0), 'neither done nor refused');
    const [job] = done as Record<string, unknown>[];
    if (!job) return;
    must(isObject(data) && Object.keys(data).length === Object.keys(job).length, 'more than a job');
    must(['enforce', 'reply', 'deliver', 'drill'].includes(String(job.name)), 'a job that is none');
    if (job.name === 'enforce' || job.name === 'reply')
      must(Number.isSafeInteger(job.order) && Number(job.order) > 0, 'an order that is none');
  },
);

const people = formatOperators([alice, bob], keys);
export const operators = target('operators.json', 60_000, mutated([people], pieces), (text) => {
  try {
    const read = parseOperators(text, keys);
    const names = read.map(({ name }) => name);
    must(new Set(names).size === names.length, 'a name twice');
    // What is sealed to a name is that operator's own, or the file is bad.
    for (const { name, totpSecret } of read)
      must(totpSecret === { alice, bob }[name as 'alice' | 'bob']?.totpSecret, 'a secret that nobody sealed');
  } catch (error) {
    must(error instanceof OperatorsFileBroken, `crashed: ${error}`);
    must(![alice, bob].some(({ totpSecret }) => error.message.includes(totpSecret)), 'a secret was told');
  }
});

const ledgerKey = Buffer.alloc(32, 7);
const lines = chain(
  ledgerKey,
  GENESIS,
  ['order', 'write', 'severed'].map((kind) => ({ kind: kind as 'order', data: { scope: 'agent', number: 1 } })),
  1_000,
);
const paper = lines.map((line) => JSON.stringify(line)).join('\n');
export const ledger = target('lines of the ledger', 50_000, mutated([paper], pieces), (text) => {
  const read = text.split('\n').map(parsed);
  if (!read.every(isObject)) return;
  const verifier = new ChainVerifier(ledgerKey);
  const fault = verifier.check(read as never) ?? verifier.end(lines.at(-1) as never);
  const said = (some: readonly unknown[]) =>
    JSON.stringify(some.map((line) => isObject(line) && [line.seq, line.at, line.kind, line.data, line.hash]));
  must(
    (fault === undefined) === (said(read) === said(lines)),
    'a ledger that was changed passed, or a good one did not',
  );
});

const stop = {
  request: { key: 'k', action: 'sever', scope: 'agent', source: 'sms', correlation: 'SM1' },
  ...{ by: 'alice', at: 1 },
};
const folder = mkdtempSync(join(tmpdir(), 'pullcord-fuzz-'));
export const spool = target(
  'the file of stops',
  10_000,
  mutated([`\n${JSON.stringify(stop)}\n\n${JSON.stringify(stop)}\n`], pieces),
  (text) => {
    writeFileSync(join(folder, 'stops.jsonl'), text);
    for (const { request, by, at } of new Spool(folder, () => undefined).all()) {
      must(request.action === 'sever', 'something but a stop');
      must(
        [request.scope, request.key, by].every((one) => typeof one === 'string'),
        'no text',
      );
      must(typeof at === 'number', 'no time');
    }
  },
  async () => rmSync(folder, { recursive: true, force: true }),
);
