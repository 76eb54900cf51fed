import { ChainVerifier, GENESIS, type SealedLine } from '../../src/ledger/chain';
import type { State } from '../../src/ledger/store';
import { LEDGER_KEY } from '../support/store';
import { holds } from './commands/command';
import { standings } from './gateway/standing';
import { isCut, PERIOD_MS } from './model';
import { codeAt, phoneOf, scopeNames } from './people';
import { scopesOf } from './sights';
import { type Fields, fieldsOf } from './signed';
import { callWebhook } from './webhook';
import type { World } from './world';

/** All that was broken is mended by then: so long it may take. Milliseconds. */
const PATIENCE_MS = 120_000;
/** By then nothing waits for a ledger any more that was away. Milliseconds. */
const PENDING_MS = 6_000;
const LOOK_MS = 200;
/** What is at rest stays so, looked at again and again: nothing that was on its way undoes it. Milliseconds. */
const QUIET_MS = 6_000;
/** Locks are open again, and nothing that was written lies in the future. Milliseconds. */
const LONG_MS = 3 * 3_600_000;

/** Every fault ends, everybody lives, the clock is right: everything has to come to where the orders want it. */
export async function comesToRest(world: World): Promise<void> {
  world.mend();
  world.setClock(0);
  for (let i = 0; i < world.programs.length; i += 1) await world.boot(i);
  // What waits in a line is judged by the time at which its turn comes.
  await world.time.run(PENDING_MS);
  world.skip(LONG_MS);
  let quiet = 0;
  for (let ms = 0; ms < PATIENCE_MS && quiet < QUIET_MS; ms += LOOK_MS) {
    await world.time.run(LOOK_MS);
    quiet = amiss(world).length === 0 ? quiet + LOOK_MS : 0;
  }
  holds(world);
  if (quiet < QUIET_MS) throw new Error(`not at rest after ${PATIENCE_MS / 1000} s: ${amiss(world).join('; ')}`);
}

/** People restore all that is cut: then everything is as it was, to the letter (law 6), and on paper (law 8). */
export async function isPutBack(world: World): Promise<void> {
  for (const scope of scopeNames) {
    if (world.laws.model.scopes.get(scope)?.state === 'live') continue;
    for (const name of world.options.operators === 2 ? (['alice', 'bob'] as const) : (['alice'] as const)) {
      world.skip(2 * PERIOD_MS);
      await orders(world, name, scope);
    }
    if (!(await world.time.until(() => world.laws.model.scopes.get(scope)?.state === 'live', PATIENCE_MS)))
      throw new Error(
        `law 4: a good RESTORE of ${scope} restores nothing: ${JSON.stringify(world.laws.shoulder.receipts.slice(-2))}`,
      );
  }
  for (let ms = 0; ms < PATIENCE_MS && changed(world).length > 0; ms += LOOK_MS) await world.time.run(LOOK_MS);
  holds(world);
  for (const scope of world.programs.length > 1 ? unexplained(world) : []) await cutAndRestore(world, scope);
  holds(world);
  const left = changed(world);
  if (left.length > 0) throw new Error(`law 6: not as it was: ${left.join(', ')}`);
}

/** The scopes of what is still cut. */
const unexplained = (world: World): readonly string[] => [
  ...new Set(
    world.gateways.flatMap(({ standings: all }) =>
      [...all.values()].flatMap(({ id, cut }) => (cut ? scopesOf(id) : [])),
    ),
  ),
];

async function cutAndRestore(world: World, scope: string): Promise<void> {
  const stands = (state: string) => (): boolean => world.laws.model.scopes.get(scope)?.state === state;
  world.skip(2 * PERIOD_MS);
  await orders(world, 'alice', scope, 'sever');
  await world.time.run(PENDING_MS);
  for (const name of world.options.operators === 2 ? (['alice', 'bob'] as const) : (['alice'] as const)) {
    world.skip(2 * PERIOD_MS);
    await orders(world, name, scope);
  }
  if (!(await world.time.until(stands('live'), PATIENCE_MS)))
    throw new Error(`${scope} stays cut after CUT and RESTORE`);
}

async function orders(
  world: World,
  name: 'alice' | 'bob',
  scope: string,
  action: 'sever' | 'restore' = 'restore',
): Promise<void> {
  const program = world.programs[0];
  if (!program) throw new Error('nobody lives');
  const step = Math.floor(world.truth() / PERIOD_MS);
  const code = codeAt(name, step);
  world.laws.typed.add(code);
  const sid = `SM${`${name === 'alice' ? 'a' : 'b'}${scope.length}${step.toString(16)}`.padStart(32, 'f')}`;
  const proof = { kind: 'code', operator: name, restores: true, step } as const;
  world.laws.send({ key: `sms:${sid}`, action, scope, proof });
  const verb = action === 'sever' ? 'CUT' : 'RESTORE';
  const fields = fieldsOf({ MessageSid: sid, From: phoneOf(name), Body: `${verb} ${scope} ${code}` }) as Fields;
  let answered = false;
  const call = (): void =>
    void callWebhook(program.doors.twilio, { fields, forged: false, hears: () => true }).then(() => {
      answered = true;
    });
  await world.time.as(program.life, call);
  await world.time.until(() => answered, 20_000);
}

const changed = (world: World): string[] =>
  world.gateways.flatMap((gateway) => [
    ...world.laws.changed(gateway).map((path) => `${gateway.name} ${path}`),
    ...[...gateway.standings.values()].flatMap(({ id, cut }) => (cut ? [`${gateway.name} still cuts ${id}`] : [])),
  ]);

/** What is not yet as the model has it. */
function amiss(world: World): string[] {
  const { model } = world.laws;
  const found: string[] = [];
  for (const [scope, { state }] of model.scopes)
    if (state === 'restoring') found.push(`${scope} is still being restored`);
  for (const [i, program] of world.programs.entries()) {
    if (!program) continue;
    if (program.spool.all().length > 0) found.push(`${i} has stops that are not written down`);
    for (const latch of program.store.mirror()?.latches.values() ?? [])
      if (latch.state === 'severing' || latch.state === 'restoring')
        found.push(`${i} sees ${latch.scope} ${latch.state}`);
  }
  for (const gateway of world.gateways)
    for (const [where, view] of [
      ['objects', gateway.objects] as const,
      ...gateway.nodes.map((node) => [node.url, node.view] as const),
    ])
      for (const { id: route, cut, off } of standings(view).values()) {
        const wanted = scopesOf(route).some((scope) => isCut(model, scope));
        if (wanted && !cut && !off) found.push(`${gateway.name} serves ${route} (${where})`);
        // What no scope knows stays cut as long as anything is: doubt stops.
        const doubtful = scopesOf(route).length === 0 && scopeNames.some((scope) => isCut(model, scope));
        // What no order explains stays cut where a ledger is shared, until a person says CUT and RESTORE.
        const unexplained = world.programs.length > 1 && scopesOf(route).length > 0;
        if (!wanted && !doubtful && !unexplained && !off && cut) found.push(`${gateway.name} cuts ${route} (${where})`);
      }
  for (const [key, scope] of world.laws.shoulder.acknowledged)
    if (!model.ordered.has(key)) found.push(`the stop ${key} of ${scope} was taken, and is in no ledger`);
  return found;
}

/** Law 8: the chain holds, every order stands in it once, and no code does. */
export async function isOnPaper(world: World): Promise<void> {
  const all = `select to_jsonb(l) as row from pullcord.ledger l
    where seq > $1 and ($2::text[] is null or kind = any ($2)) order by seq limit $3`;
  const { rows } = await world.tables.query(all, [0, null, 1_000_000]);
  const lines = (rows as { row: SealedLine }[]).map(({ row }) => row);
  const [state] = (await world.tables.query('select pullcord.state() as state')).rows as { state: State }[];
  const verifier = new ChainVerifier(LEDGER_KEY);
  const fault = verifier.check(lines) ?? verifier.end(state?.state.head ?? GENESIS);
  if (fault) throw new Error(`law 8: ${fault.what}`);
  const orders = lines
    .filter(({ kind }) => kind === 'order')
    .map(({ data }) => (JSON.parse(data) as { number: number }).number);
  if (orders.some((number, i) => number !== i + 1) || orders.length !== world.laws.model.orders)
    throw new Error(`law 8: the ledger's orders are ${orders.join(', ')}`);
  for (const { data } of lines)
    for (const digits of data.match(/\b\d{6,12}\b/g) ?? [])
      if (world.laws.typed.has(digits)) throw new Error(`law 8: a code stands in the ledger: ${data}`);
}
