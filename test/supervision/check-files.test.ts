import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigInput } from '../../src/config/schema';
import type { CheckContext } from '../../src/supervision/checks/context';
import { roomFindings } from '../../src/supervision/checks/files';
import { checkKey } from '../../src/supervision/checks/key';
import { secretsIn, withoutSecrets } from '../../src/supervision/checks/secrets-in';
import { secretOf, tokenOf } from '../support/http';
import { type Installation, LOCAL, startInstallation, wrong } from '../support/installation';

let one: Installation;
beforeAll(async () => {
  one = await startInstallation();
});
afterAll(() => one.close());

describe('the data folder', () => {
  afterEach(() => chmodSync(one.dataDir, 0o700));

  it.each([
    [0o700, []],
    [0o750, [/^fault files: .* has mode 750: others can change the ledger in it$/]],
    [0o701, [/^fault files: .* has mode 701: others can change the ledger in it$/]],
    [0o744, [/^warning files: .* has mode 744: others can look into it$/]],
    [0o770, [/^fault files: .* has mode 770: others can put files there, operators among them$/]],
    [0o702, [/^fault files: .* has mode 702: others can put files there, operators among them$/]],
  ])('of mode %o', async (mode, expected) => {
    chmodSync(one.dataDir, mode);
    const findings = await one.check();
    expect(wrong(findings)).toEqual([...expected.map((pattern) => expect.stringMatching(pattern)), LOCAL]);
    if (expected.length > 0)
      expect(findings.find(({ level }) => level !== 'ok')?.advice).toBe(
        `Keep it to its owner: chmod 700 ${one.dataDir}`,
      );
  });

  it('that is no folder is a fault', async () => {
    const dataDir = join(one.dataDir, 'file');
    writeFileSync(dataDir, '');
    expect(wrong(await one.check({ dataDir, operatorsFile: join(one.dataDir, 'operators.json') }))).toEqual([
      `fault files: ${dataDir} is not a folder`,
      LOCAL,
    ]);
    rmSync(dataDir);
  });

  it('that is not there yet is made at the first start', async () => {
    const dataDir = join(one.dataDir, 'not', 'yet');
    const findings = await one.check({ dataDir, operatorsFile: join(one.dataDir, 'operators.json') });
    expect(wrong(findings)).toEqual([LOCAL]);
    expect(findings).toContainEqual({
      check: 'files',
      level: 'ok',
      what: `${dataDir} will be made at the first start`,
    });
  });

  it.each([
    [49, 'fault'],
    [50, 'warning'],
    [499, 'warning'],
    [500, undefined],
  ])('with %i MiB left', (mib, level) => {
    const [finding] = roomFindings('/data', mib * 1024 * 1024);
    expect([finding?.level, finding?.what]).toEqual([level, level && `${mib} MiB are left for /data`]);
  });
});

describe('the configuration', () => {
  const literal = `key: \${PULLCORD_KEY}\ngateways: {main: {adminKey: literally}}\n`;
  const variable = `key: \${PULLCORD_KEY}\ngateways: {main: {adminKey: "\${ADMIN_KEY}"}}\n`;
  afterEach(() => {
    writeFileSync(one.configFile, variable);
    chmodSync(one.configFile, 0o644);
  });

  it.each<[string, number, RegExp[]]>([
    [variable, 0o644, []],
    [literal, 0o640, []],
    [literal, 0o644, [/has mode 644: everybody can read the secret in gateways\.main\.adminKey$/]],
    [variable, 0o646, [/has mode 646: everybody can change it$/]],
    [variable, 0o664, [/^warning files: .* has mode 664: its group can change it$/]],
  ])('%j of mode %o', async (text, mode, expected) => {
    writeFileSync(one.configFile, text);
    chmodSync(one.configFile, mode);
    const findings = await one.check();
    expect(wrong(findings)).toEqual([...expected.map((pattern) => expect.stringMatching(pattern)), LOCAL]);
    expect(JSON.stringify(findings)).not.toContain('literally');
  });
});

describe('secrets', () => {
  const config = {
    key: 'the-key',
    databaseUrl: 'postgres://me:the-password@db.example.org/x',
    redisUrl: 'redis://redis.example.org',
    gateways: { main: { adminKey: 'admin-key', adminUrl: 'http://admin.example.org' } },
    sms: { twilio: { authTokens: ['token-one', 'token-two'] } },
    cutters: { litellm: [{ adminKey: 'litellm-key', keys: ['sk-virtual', 'ab'.repeat(32)] }] },
    notify: { webhooks: [{ secret: 'signing' }] },
    tripwire: {
      litellm: [{ token: 'metrics-token', database: { viewerKey: 'viewer' } }],
      keys: { a: { key: 'sk-agent' }, b: { key: 'cd'.repeat(32) } },
    },
  };

  it('are found wherever they stand', () => {
    expect(secretsIn(config).map(({ path, value }) => `${path}=${value}`)).toEqual([
      ...['key=the-key', 'databaseUrl=the-password', 'gateways.main.adminKey=admin-key'],
      ...['sms.twilio.authTokens.0=token-one', 'sms.twilio.authTokens.1=token-two'],
      ...['cutters.litellm.0.adminKey=litellm-key', 'cutters.litellm.0.keys.0=sk-virtual'],
      'notify.webhooks.0.secret=signing',
      ...['tripwire.litellm.0.token=metrics-token', 'tripwire.litellm.0.database.viewerKey=viewer'],
      'tripwire.keys.a.key=sk-agent',
    ]);
  });

  it('are taken out of what is told', () => {
    expect(withoutSecrets('bad admin-key, token-two; token', secretsIn(config))).toBe('bad …, …; token');
  });
});

describe('the key', () => {
  it.each([
    ['zeros', '0'.repeat(64), 'fault'],
    ['one byte again and again', '5a'.repeat(32), 'fault'],
    ['two bytes again and again', 'abcd'.repeat(16), 'fault'],
    ['a counter', Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('hex'), 'fault'],
    ['a countdown', Buffer.from(Array.from({ length: 32 }, (_, i) => 255 - i)).toString('base64'), 'fault'],
    ['a random one', '8f1c9a3be27d604455d2c01be97a3f66107bd4e8a9c25f0332684d7be15a90cf', 'ok'],
  ])('%s', async (_, key, level) => {
    expect(await checkKey({ config: { key } } as CheckContext)).toMatchObject([{ check: 'key', level }]);
  });
});

describe('the doors', () => {
  it('name who relays text messages, and an address that Twilio cannot call', async () => {
    const tokens = [tokenOf('n8n', ['relay'])];
    const twilio = { ...one.config.sms?.twilio, relayUrls: ['https://n8n.example.org/a', 'http://localhost:5678/b'] };
    const sms = { twilio } as ConfigInput['sms'];
    const ofDoors = (await one.check({ api: { tokens }, sms })).filter(({ check }) => check === 'doors');
    expect(ofDoors.map(({ level, what }) => `${level} ${what}`)).toEqual([
      'ok a stop comes by text messages, text messages that token n8n relays',
      'warning sms.twilio.relayUrls.1 cannot be reached from the internet, so that it is not what Twilio calls',
    ]);
    const none = await one.check({ api: { tokens } });
    expect(none).toContainEqual({ check: 'doors', level: 'ok', what: 'a stop comes by text messages' });
  });

  it('none at all is a fault', async () => {
    expect(wrong(await one.check({ sms: {} }))).toEqual([
      'fault doors: no door takes a stop from a person or a program',
    ]);
  });

  it('a token that stops is one', async () => {
    expect(wrong(await one.check({ sms: {}, api: { tokens: [tokenOf('n8n', ['stop'])] } }))).toEqual([]);
  });

  it('a placeholder is a fault, a token for two a warning', async () => {
    const tokens = [
      { name: 'n8n', sha256: '0'.repeat(64), rights: ['stop' as const] },
      { name: 'empty', sha256: createHash('sha256').update('').digest('hex'), rights: ['stop' as const] },
      tokenOf('one', ['status']),
      { ...tokenOf('one', ['stop']), name: 'two' },
    ];
    expect(wrong(await one.check({ api: { tokens } }))).toEqual([
      'fault doors: token n8n is a placeholder',
      'fault doors: token empty is a placeholder',
      'warning doors: tokens one and two are the same',
      LOCAL,
    ]);
  });

  it('PULLCORD_TOKEN that is none of the tokens is a warning, and never shown', async () => {
    const api = { tokens: [tokenOf('n8n', ['stop'])] };
    expect(wrong(await one.check({ api }, { token: secretOf('n8n') }))).toEqual([LOCAL]);
    const findings = await one.check({ api }, { token: 'another-token' });
    expect(wrong(findings)).toEqual([
      expect.stringMatching(/^warning doors: PULLCORD_TOKEN is none of api.tokens/),
      LOCAL,
    ]);
    expect(JSON.stringify(findings)).not.toContain('another-token');
  });
});

describe('the last resort', () => {
  const script = () => join(one.dataDir, 'bin', 'cut');
  beforeAll(() => {
    mkdirSync(join(one.dataDir, 'bin'));
    writeFileSync(script(), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  });
  const withCommand = (command: string[]) => one.check({ lastResort: { command } });

  it('has to be there, to be executable, and is found on the path', async () => {
    expect(wrong(await withCommand([script(), '{scope}']))).toEqual([LOCAL]);
    expect(wrong(await withCommand(['sh', '-c', 'exit 1']))).toEqual([LOCAL]);
    expect(wrong(await withCommand(['/nowhere/cut']))).toEqual([
      LOCAL,
      'fault last resort: /nowhere/cut cannot be run: it is not there, or not executable by this user',
    ]);
    chmodSync(script(), 0o644);
    expect(wrong(await withCommand([script()]))).toHaveLength(2);
  });
});
