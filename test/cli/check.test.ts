import { chmodSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { ConfigInput } from '../../src/config/schema';
import { secretOf, tokenOf } from '../support/http';
import { type Installation, LOCAL, startInstallation } from '../support/installation';
import { TOKEN } from '../support/sms-door';
import { call } from './call';
import { CliFolder } from './drive';

let one: Installation;
beforeAll(async () => {
  one = await startInstallation();
  // Its secrets stand in the file literally.
  chmodSync(one.configFile, 0o600);
});
afterAll(() => one.close());

/** Runs the command on the installation; the key comes from the environment, and what is changed from the test. */
async function check(change: Partial<ConfigInput> = {}, argv: readonly string[] = [], env = {}) {
  const { key, ...config } = { ...one.config, ...change };
  writeFileSync(one.configFile, stringify(config));
  const variables = { PULLCORD_KEY: String(key), PULLCORD_TWILIO_API_URL: one.door.phone.restUrl, ...env };
  return call(['--config', one.configFile, 'check', ...argv], { url: '', token: '', env: variables });
}

it('prints a line for each thing that is good, and exits with 0 although there is a warning', async () => {
  const { code, stdout, stderr } = await check();
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.split('\n');
  expect(lines).toContain('ok       gateway main      the Admin key is accepted and may write');
  expect(lines).toContain('WARNING  public URL        127.0.0.1 cannot be reached from the internet');
  expect(lines).toContain('                           -> Name the address that Twilio calls.');
  expect(stdout).not.toContain('FAULT');
  expect(stdout).toMatch(/\n\nno faults, 1 warning: nothing is broken, but read the warnings\.\n$/);
});

it('prints what is wrong with what to do, counts it, and exits with 1', async () => {
  const { main } = one.config.gateways;
  if (!main) throw new Error('no gateway');
  const gateways = { main: { ...main, adminKey: 'not-the-key-at-all' } };
  const { code, stdout, stderr } = await check({ gateways, restore: { operators: 2 } });
  expect([code, stderr]).toEqual([1, '\n1 fault, 1 warning: as it stands, the switch may fail on the day.\n']);
  expect(stdout).toMatch(/\nFAULT {4}gateway main {6}the Admin API cannot be used\n {27}-> .*Check adminKey/);
  expect(stdout).toMatch(/\nok {7}operators/);
  for (const secret of ['not-the-key-at-all', TOKEN, String(one.config.key)]) expect(stdout).not.toContain(secret);
});

it('prints JSON: one line with all findings', async () => {
  const good = await check({}, ['--json']);
  expect(good.stdout).toMatch(/^[^\n]*\n$/);
  const parsed = JSON.parse(good.stdout) as { findings: { level: string; check: string; what: string }[] };
  expect([good.code, parsed]).toEqual([0, { ok: true, faults: 0, warnings: 1, findings: expect.any(Array) }]);
  expect(
    parsed.findings
      .filter(({ level }) => level !== 'ok')
      .map(({ level, check: about, what }) => `${level} ${about}: ${what}`),
  ).toEqual([LOCAL]);

  const bad = await check({ scopes: { agent: { routes: [{ id: 'nowhere' }] } } }, ['--json']);
  expect([bad.code, JSON.parse(bad.stdout)]).toMatchObject([1, { ok: false, faults: 1 }]);
});

it('tells what the reader of the configuration warns of, once', async () => {
  const { code, stdout, stderr } = await check({ listen: { ...one.config.listen, internal: `0.0.0.0:${port()}` } });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('WARNING  configuration     listen.internal: is not loopback; see to it');
  expect(stdout).toMatch(/\nok {7}service {11}serves at http:\/\/127\.0\.0\.1:\d+, armed\n/);
});
const port = (): string => new URL(one.internal.url).port;

it('tries PULLCORD_TOKEN, from a file, too', async () => {
  const file = `${one.dataDir}/token`;
  writeFileSync(file, `${secretOf('other')}\n`);
  const api = { tokens: [tokenOf('n8n', ['stop'])] };
  const { stdout } = await check({ api }, [], { PULLCORD_TOKEN_FILE: file });
  expect(stdout).toContain('WARNING  doors             PULLCORD_TOKEN is none of api.tokens');
  expect(await check({ api }, [], { PULLCORD_TOKEN_FILE: '/nowhere' })).toMatchObject({ code: 2, stdout: '' });
});

it('lets nothing that came from outside steer the terminal', async () => {
  one.proxy.front = (req, res) => {
    req.resume();
    res.writeHead(301, { location: 'https://example.net/\u009b31m' }).end();
  };
  const { stdout } = await check();
  one.proxy.front = undefined;
  expect(stdout).toContain('leads on to https://example.net/\ufffd31m');
  expect(stdout).not.toContain('\u009b');
});

describe('wrong use', () => {
  const folder = new CliFolder();
  afterAll(() => folder.remove());

  it('exits with 2, and checks nothing', async () => {
    writeFileSync(folder.config, 'publicUrl: x\n');
    expect(await folder.run('check')).toMatchObject({
      ...{ code: 2, stdout: '' },
      stderr: expect.stringContaining('publicUrl: write an http:// or https:// address'),
    });
    expect(await folder.run('check', '--nonsense')).toMatchObject({ code: 2, stdout: '' });
    expect(await folder.run('check', '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Exit code 0'),
    });
  });
});
