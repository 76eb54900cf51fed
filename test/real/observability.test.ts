import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { until } from '../support/until';
import { startWhole, type Whole } from '../support/whole';
import { prometheusBin, startPrometheus } from './parts/prometheus';
import type { Server } from './parts/server';

/** Debian's Prometheus upon a real Pullcord, with the rules and the queries that are shipped. */

const docs = join(__dirname, '../../docs/observability');
const dashboard = JSON.parse(readFileSync(join(docs, 'dashboard.json'), 'utf8')) as {
  panels: { title: string; targets?: { expr: string }[] }[];
  annotations: { list: { expr: string }[] };
};
/** As Grafana fills them in. */
const filled = (expr: string): string =>
  expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m').replaceAll('$__range', '6h');
const queries = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, filled(expr)] as const)),
  ...dashboard.annotations.list.map(({ expr }) => ['orders, as annotations', filled(expr)] as const),
];

let bin: string;
let whole: Whole;
let prometheus: Server;

beforeAll(async () => {
  bin = await prometheusBin();
  whole = await startWhole({ now: Date.now });
  prometheus = await startPrometheus({ target: whole.pullcord.internalUrl, rules: join(docs, 'alerts.yml') });
}, 120_000);
afterAll(async () => {
  await prometheus?.remove();
  await whole?.close();
});

/** Not `spawnSync`: Pullcord lives in this process, and would let go of connections that nobody serves. */
async function promtool(
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number; readonly said: string }> {
  const child = spawn(join(bin, 'promtool'), args, { cwd: docs });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, said: `${stdout}${stderr}` };
}

interface Answered {
  readonly status: string;
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}
async function ask(expr: string): Promise<Answered['data']['result']> {
  const answer = await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query: expr })}`);
  const { status, data } = (await answer.json()) as Answered;
  if (status !== 'success') throw new Error(`${expr}: ${status}`);
  return data.result;
}
const value = async (expr: string): Promise<number> => Number((await ask(expr))[0]?.value[1]);

interface Alert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}
async function alerts(): Promise<readonly Alert[]> {
  const answer = await fetch(`${prometheus.url}/api/v1/alerts`);
  return ((await answer.json()) as { data: { alerts: Alert[] } }).data.alerts;
}
const named = (all: readonly Alert[]): string[] => all.map(({ labels: { alertname = '' } }) => alertname);

it.each([
  ['the rules', ['check', 'rules', 'alerts.yml']],
  ['their tests', ['test', 'rules', 'alerts.test.yml']],
  ['the example of a configuration', ['check', 'config', 'prometheus.example.yml']],
])('promtool is content with %s', async (_what, args) => {
  const { code, said } = await promtool(args);
  expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining('SUCCESS') });
});

it('promtool finds a rule that is wrong', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pullcord-rules-'));
  const file = join(folder, 'wrong.yml');
  writeFileSync(file, stringify({ groups: [{ name: 'wrong', rules: [{ alert: 'A', expr: 'sum(' }] }] }));
  expect((await promtool(['check', 'rules', file])).code).toBe(1);
  rmSync(folder, { recursive: true });
});

it('promtool is content with every query of the dashboard', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pullcord-rules-'));
  const file = join(folder, 'queries.yml');
  const rules = queries.map(([, expr], i) => ({ record: `query:${i}`, expr }));
  writeFileSync(file, stringify({ groups: [{ name: 'queries', rules }] }));
  const { code, said } = await promtool(['check', 'rules', file]);
  rmSync(folder, { recursive: true });
  expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining(`${queries.length} rules found`) });
});

it('promtool is content with what Pullcord shows of itself', async () => {
  const shown = await (await fetch(`${whole.pullcord.internalUrl}/metrics`)).text();
  const own = shown.split('\n').filter((line) => !/^(# (HELP|TYPE) )?(nodejs|process)_/.test(line));
  expect(await promtool(['check', 'metrics'], `${own.join('\n')}\n`)).toEqual({ code: 0, said: '' });
  // Those of the process are prom-client's: they can be read.
  expect((await promtool(['check', 'metrics'], shown)).said).not.toMatch(/error while|parsing/);
});

it('Prometheus scrapes Pullcord, and nothing of a switch that is armed is an alert', async () => {
  await until(async () => (await value('up{job="pullcord"}')) === 1, 20_000);
  expect(await value('pullcord_readiness_state{state="armed"}')).toBe(1);
  // Wants an hour of it: the rig was never rehearsed, and its public address is nowhere.
  const mayWait = ['PullcordDrillOverdue', 'PullcordExpiresSoon'];
  await until(async () => named(await alerts()).every((name) => mayWait.includes(name)), 10_000);
});

it('after a STOP the alert fires, the queries give data, and after a RESTORE it is over', async () => {
  await whole.phone.text(whole.bob.phone, 'STOP 000000');
  await whole.phone.text(whole.alice.phone, `STOP ${whole.alice.code()}`);
  await whole.phone.expectReply(whole.alice.phone, /SEVERED/, 10_000);
  await until(
    async () =>
      (await alerts()).some(({ state, labels }) => labels.alertname === 'PullcordSevered' && state === 'firing'),
    20_000,
  );
  const fired = (await alerts()).filter(({ labels }) => labels.alertname === 'PullcordSevered');
  expect(fired).toMatchObject([{ labels: { scope: 'agent', severity: 'info' } }]);
  await until(async () => (await value('pullcord_latch_state{scope="agent",state="severed"}')) === 1, 10_000);
  expect(await value('pullcord_order_verified_seconds_count{action="sever",scope="agent"}')).toBe(1);
  expect(await value('sum(increase(pullcord_orders_total{source="sms",result="accepted"}[1m]))')).toBeGreaterThan(0);

  const silent: string[] = [];
  for (const [title, expr] of queries) if ((await ask(expr)).length === 0) silent.push(title);
  // There is no tripwire here, no drill was made, and what is left out is what did not happen.
  const expected = ['Last drill', 'It ended', 'Burn, last minute', 'Burn', 'Signals', 'Looks that showed nothing'];
  const nothing = ['Writes and drift', 'Text messages', 'Ledger write'];
  expect([...new Set(silent)].filter((title) => !nothing.includes(title))).toEqual(expected);

  await whole.phone.text(whole.bob.phone, `RESTORE ${whole.bob.code()}`);
  await whole.phone.expectReply(whole.bob.phone, /RESTORED/, 10_000);
  await until(async () => !named(await alerts()).includes('PullcordSevered'), 20_000);
  expect(await value('sum(pullcord_refusals_total)')).toBeGreaterThan(0);
});

it('a Pullcord that is gone is an alert', async () => {
  await whole.restart(
    async () => void (await until(async () => named(await alerts()).includes('PullcordDown'), 20_000)),
  );
});
