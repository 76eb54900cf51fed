import { resolve } from 'node:path';
import fc from 'fast-check';
import { ConfigError } from '../../src/config/fault';
import { type ReadConfig, readConfig } from '../../src/config/read';
import { filesOf, minimalEnv, minimalYaml } from './minimal';

interface Given {
  readonly yaml: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

const FILE = '/etc/pullcord/pullcord.yaml';

function read({ yaml, env = {}, files = {} }: Given): ReadConfig {
  return readConfig({
    path: FILE,
    env: { ...minimalEnv, ...env },
    readFile: filesOf({ [FILE]: yaml, ...files }),
  });
}

/** `path @line message`, for each fault. */
function faults(given: Given): string[] {
  try {
    read(given);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ path, line, message }) => `${path} @${line ?? '-'} ${message}`);
  }
}

const swap = (from: string, to: string): string => {
  if (!minimalYaml.includes(from)) throw new Error(`the minimal configuration has no ${from}`);
  return minimalYaml.replace(from, () => to);
};
const append = (text: string): string => minimalYaml + text;

describe('a good configuration', () => {
  it('is the least one', () => {
    const { config, warnings } = read({ yaml: minimalYaml });
    expect(config).toMatchObject({
      publicUrl: 'https://pullcord.example.org',
      gateways: { main: { adminKey: 'admin-secret', method: 'auto', timeoutMs: 2000 } },
      throttle: { restoreFailures: 5 },
    });
    expect(warnings).toEqual(['sms.twilio: left out, so no text message can pull the cord.']);
  });

  it.each<{ name: string; given: Given; holds: object }>([
    {
      name: 'a default for a variable that is not set',
      given: { yaml: swap('https://pullcord.example.org', `\${URL:-https://cord.example.net:8443}`) },
      holds: { publicUrl: 'https://cord.example.net:8443' },
    },
    {
      name: 'the variable before its default',
      given: {
        yaml: swap('https://pullcord.example.org', `\${URL:-https://a.example.net}`),
        env: { URL: 'http://b.example.net' },
      },
      holds: { publicUrl: 'http://b.example.net' },
    },
    {
      name: 'an empty variable counts as not set',
      given: { yaml: swap('https://pullcord.example.org', `\${URL:-https://a.example.net}`), env: { URL: '' } },
      holds: { publicUrl: 'https://a.example.net' },
    },
    {
      name: 'several variables in one value',
      given: {
        yaml: swap('https://pullcord.example.org', `"https://\${HOST}:\${PORT}"`),
        env: { HOST: 'cord.example.net', PORT: '1' },
      },
      holds: { publicUrl: 'https://cord.example.net:1' },
    },
    {
      name: 'variables in lists',
      given: {
        yaml: swap('[http://127.0.0.1:9080]', `["\${ONE}", "\${TWO}"]`),
        env: { ONE: 'http://a.example.org', TWO: 'http://b.example.org' },
      },
      holds: { gateways: { main: { gatewayUrls: ['http://a.example.org', 'http://b.example.org'] } } },
    },
    {
      name: 'an entry that comes out empty counts as left out',
      given: { yaml: swap('[http://127.0.0.1:9080]', `[http://a.example.org, "\${TWO:-}"]`) },
      holds: { gateways: { main: { gatewayUrls: ['http://a.example.org'] } } },
    },
    {
      name: 'what a variable holds is not expanded again',
      given: { yaml: minimalYaml, env: { ADMIN_KEY: `\${PULLCORD_KEY} $& $1` } },
      holds: { gateways: { main: { adminKey: `\${PULLCORD_KEY} $& $1` } } },
    },
    {
      name: 'an escaped reference is plain text',
      given: { yaml: swap(`\${ADMIN_KEY}`, `"a$\${ADMIN_KEY}b"`) },
      holds: { gateways: { main: { adminKey: `a\${ADMIN_KEY}b` } } },
    },
    {
      name: 'a secret from a file, its one trailing newline cut',
      given: {
        yaml: minimalYaml,
        env: { ADMIN_KEY: '', ADMIN_KEY_FILE: '/run/secrets/admin' },
        files: { '/run/secrets/admin': ' a b \n\n' },
      },
      holds: { gateways: { main: { adminKey: ' a b \n' } } },
    },
    {
      name: "a file's Windows newline is cut as well",
      given: { yaml: minimalYaml, env: { ADMIN_KEY: '', ADMIN_KEY_FILE: '/f' }, files: { '/f': 'secret\r\n' } },
      holds: { gateways: { main: { adminKey: 'secret' } } },
    },
    {
      name: 'the key from the environment',
      given: { yaml: swap(`key: \${PULLCORD_KEY}\n`, '') },
      holds: { key: minimalEnv.PULLCORD_KEY },
    },
    {
      name: 'the key from a file that the environment names',
      given: {
        yaml: swap(`key: \${PULLCORD_KEY}\n`, ''),
        env: { PULLCORD_KEY: '', PULLCORD_KEY_FILE: '/key' },
        files: { '/key': `${'cd'.repeat(32)}\n` },
      },
      holds: { key: 'cd'.repeat(32) },
    },
    {
      name: 'the databases and the folder from the environment',
      given: {
        yaml: minimalYaml,
        env: { DATABASE_URL: 'postgres://db', REDIS_URL_FILE: '/r', PULLCORD_DATA_DIR: '/var/lib/pullcord' },
        files: { '/r': 'redis://r' },
      },
      holds: { databaseUrl: 'postgres://db', redisUrl: 'redis://r', dataDir: '/var/lib/pullcord' },
    },
    {
      name: 'the file before the environment',
      given: { yaml: append('redisUrl: redis://file\n'), env: { REDIS_URL: 'redis://env' } },
      holds: { redisUrl: 'redis://file' },
    },
    {
      name: 'paths relative to the file',
      given: { yaml: append('operatorsFile: people.json\n').replace('adminKey', 'caFile: ca.pem\n    adminKey') },
      holds: {
        dataDir: '/etc/pullcord/data',
        operatorsFile: '/etc/pullcord/people.json',
        gateways: { main: { caFile: '/etc/pullcord/ca.pem' } },
      },
    },
    {
      name: 'anchors and aliases',
      given: { yaml: swap('- all: true', '- &one {label: a}\n  other:\n    routes: [*one]') },
      holds: { scopes: { agent: { routes: [{ label: 'a' }] }, other: { routes: [{ label: 'a' }] } } },
    },
  ])('$name', ({ given, holds }) => {
    expect(read(given).config).toMatchObject(holds);
  });
});

describe('one fault', () => {
  it.each<{ name: string; given: Given; fault: string }>([
    {
      name: 'a variable that is not set',
      given: { yaml: minimalYaml, env: { ADMIN_KEY: '' } },
      fault: 'gateways.main.adminKey @6 ADMIN_KEY is not set; set it, or ADMIN_KEY_FILE, in the environment',
    },
    {
      name: 'in a list, without a second fault for the empty list',
      given: { yaml: swap('[http://127.0.0.1:9080]', `["\${GW}"]`) },
      fault: 'gateways.main.gatewayUrls[0] @7 GW is not set; set it, or GW_FILE, in the environment',
    },
    {
      name: 'a variable and its file',
      given: { yaml: minimalYaml, env: { ADMIN_KEY_FILE: '/f' } },
      fault: 'gateways.main.adminKey @6 ADMIN_KEY and ADMIN_KEY_FILE are both set; keep one',
    },
    {
      name: 'a variable and its file, as the default of an option',
      given: { yaml: minimalYaml, env: { DATABASE_URL: 'postgres://db', DATABASE_URL_FILE: '/f' } },
      fault: 'databaseUrl @- DATABASE_URL and DATABASE_URL_FILE are both set; keep one',
    },
    {
      name: 'a file that is not there',
      given: { yaml: minimalYaml, env: { ADMIN_KEY: '', ADMIN_KEY_FILE: '/gone' } },
      fault: 'gateways.main.adminKey @6 the file in ADMIN_KEY_FILE cannot be read; check its path and its mode',
    },
    {
      name: 'a file that is empty',
      given: { yaml: minimalYaml, env: { ADMIN_KEY: '', ADMIN_KEY_FILE: '/f' }, files: { '/f': '\n' } },
      fault: 'gateways.main.adminKey @6 the file in ADMIN_KEY_FILE is empty',
    },
    {
      name: 'a reference that is none',
      given: { yaml: swap(`\${ADMIN_KEY}`, `\${admin key}`) },
      fault: `gateways.main.adminKey @6 write \${NAME} or \${NAME:-default}; $\${ stands for a plain \${`,
    },
    {
      name: 'a reference that never ends',
      given: { yaml: swap(`\${ADMIN_KEY}`, `"\${ADMIN_KEY"`) },
      fault: `gateways.main.adminKey @6 write \${NAME} or \${NAME:-default}; $\${ stands for a plain \${`,
    },
    {
      name: 'an unknown key beside a known one',
      given: { yaml: swap('gatewayUrls', 'admin_urls: x\n    gatewayUrls') },
      fault: 'gateways.main.admin_urls @7 unknown key; did you mean adminUrl?',
    },
    {
      name: 'an unknown key in a list',
      given: { yaml: swap('- all: true', '- all: true\n        labels: x') },
      fault: 'scopes.agent.routes[0].labels @12 unknown key; did you mean label?',
    },
    {
      name: 'an unknown key like nothing else',
      given: { yaml: append('restore:\n  people: 2\n') },
      fault: 'restore.people @13 unknown key; known here: operators, withinSeconds',
    },
    {
      name: 'an unknown key that holds a value by a slip',
      given: { yaml: swap(`adminKey: \${ADMIN_KEY}`, 'adminKey: x\n    controlUrl:hunter2:') },
      fault: 'gateways.main.controlUrl… @7 unknown key; did you mean controlUrl?',
    },
    {
      name: 'a key that is there twice',
      given: { yaml: append('scopes:\n  agent: {routes: [{all: true}]}\n') },
      fault: 'scopes @12 this key is there twice; keep one',
    },
    {
      name: 'a key that is there twice further down',
      given: { yaml: swap('- all: true', '- all: true\n        all: true') },
      fault: 'scopes.agent.routes[0].all @12 this key is there twice; keep one',
    },
    {
      name: 'no key',
      given: { yaml: swap(`key: \${PULLCORD_KEY}\n`, ''), env: { PULLCORD_KEY: '' } },
      fault:
        'key @- missing; 32 bytes, as 64 hexadecimal digits or base64: encrypts secrets and snapshots, seals the ledger. Left out: PULLCORD_KEY. Make one: openssl rand -hex 32',
    },
    {
      name: 'a bad key',
      given: { yaml: minimalYaml, env: { PULLCORD_KEY: 'correct horse' } },
      fault: 'key @2 must be 32 bytes, as 64 hexadecimal digits or base64; make one with: openssl rand -hex 32',
    },
    {
      name: 'a missing option, at the line that should have held it',
      given: { yaml: swap('    adminUrl: http://127.0.0.1:9180\n', '') },
      fault: "gateways.main.adminUrl @4 missing; APISIX's Admin API, without /apisix/admin.",
    },
    {
      name: 'an empty option',
      given: { yaml: append('restore:\n  operators:\n') },
      fault: 'restore.operators @13 empty; give it a value or take the line out',
    },
    {
      name: 'a wrong address',
      given: { yaml: swap('http://127.0.0.1:9180', 'ftp://x') },
      fault: 'gateways.main.adminUrl @5 write an http:// or https:// address',
    },
    {
      name: 'too much',
      given: { yaml: append('restore: {operators: 3}\n') },
      fault: 'restore.operators @12 must be at most 2',
    },
    {
      name: 'too little',
      given: { yaml: append('restore: {operators: 0}\n') },
      fault: 'restore.operators @12 must be at least 1',
    },
    {
      name: 'half a number',
      given: { yaml: append('restore: {operators: 1.5}\n') },
      fault: 'restore.operators @12 must be a whole number',
    },
    {
      name: 'a number from a variable',
      given: { yaml: append(`restore: {operators: "\${N}"}\n`), env: { N: '2' } },
      fault: 'restore.operators @12 must be a number, without quotes; a variable gives text alone',
    },
    {
      name: 'a number where a text belongs',
      given: { yaml: append('dataDir: 7\n') },
      fault: 'dataDir @12 must be a text; put it in quotes',
    },
    {
      name: 'a list where a map belongs',
      given: { yaml: append('log: [debug]\n') },
      fault: 'log @12 must be a map of options, not a list',
    },
    {
      name: 'a text where a list belongs',
      given: { yaml: swap('[http://127.0.0.1:9080]', 'http://x') },
      fault: 'gateways.main.gatewayUrls @7 must be a list, not a text',
    },
    {
      name: 'none of a few',
      given: { yaml: append('log: {level: loud}\n') },
      fault: 'log.level @12 must be one of debug, info, warn, error',
    },
    {
      name: 'an empty list',
      given: { yaml: swap('[http://127.0.0.1:9080]', '[]') },
      fault: 'gateways.main.gatewayUrls @7 must not be empty',
    },
    {
      name: 'an empty secret',
      given: { yaml: swap(`\${ADMIN_KEY}`, '""') },
      fault: 'gateways.main.adminKey @6 empty: set the variable, or its _FILE twin',
    },
    {
      name: 'a bad name',
      given: { yaml: swap('  main:', '  Main:') },
      fault: 'gateways.Main @4 this name will not do: use a-z, 0-9 and -, beginning with a letter, at most 32',
    },
    {
      name: 'a bad number',
      given: { yaml: append(twilio('0155')) },
      fault: 'sms.twilio.numbers[0] @16 write the number as E.164: + and 2 to 15 digits, no spaces',
    },
    {
      name: 'an empty selector',
      given: { yaml: swap('- all: true', '- {}') },
      fault: 'scopes.agent.routes[0] @11 name at least one of all, id, name, label, uri, service',
    },
    {
      name: 'no gateway',
      given: {
        yaml: `${minimalYaml.slice(0, minimalYaml.indexOf('gateways:'))}gateways: {}\nscopes: {agent: {routes: [{all: true}]}}\n`,
      },
      fault: 'gateways @3 name at least one gateway',
    },
    {
      name: 'a scope that drills have',
      given: { yaml: minimalYaml.replace('agent:', 'drill:') },
      fault: 'scopes.drill @9 this name is reserved for drills (pullcord drill); take another one',
    },
    {
      name: 'a scope that does not exist',
      given: { yaml: append('defaultScope: llm\n') },
      fault: 'defaultScope @12 no such scope; there are: agent',
    },
    {
      name: 'no default scope',
      given: { yaml: swap('  agent:', '  one: {routes: [{all: true}]}\n  two:') },
      fault: 'defaultScope @- several scopes and none is called agent: name the one that STOP cuts',
    },
    { name: 'a list as the whole', given: { yaml: '- a\n' }, fault: ' @- must be a map of options' },
    { name: 'tabs', given: { yaml: swap('    adminKey', '\tadminKey') }, fault: ' @6 a tab; indent with spaces' },
    {
      name: 'a quote that never ends',
      given: { yaml: append('dataDir: "x\n') },
      fault: ' @13 something is missing here: a quote, a colon or a bracket',
    },
    {
      name: 'a second document',
      given: { yaml: append('---\na: 1\n') },
      fault: ' @12 a second document begins here; keep one',
    },
    {
      name: 'an alias that leads nowhere',
      given: { yaml: append('dataDir: *x\n') },
      fault: ' @- an alias (*) leads nowhere, or to too much',
    },
  ])('$name', ({ given, fault }) => {
    expect(faults(given)).toEqual([fault]);
  });
});

function twilio(number: string): string {
  return `sms:\n  twilio:\n    accountSid: AC${'0'.repeat(32)}\n    authTokens: [x]\n    numbers: ['${number}']\n`;
}

describe('many faults', () => {
  it('are told at once, in a message to work through', () => {
    const yaml = append('restore: {operators: 3}\nloog: {}\ndefaultScope: nope\nrestore: {operators: 3}\n');
    expect(() => read({ yaml, env: { ADMIN_KEY: '', PULLCORD_KEY: 'short' } })).toThrow(
      new ConfigError(FILE, [
        { path: 'restore', line: 15, message: 'this key is there twice; keep one' },
        {
          path: 'gateways.main.adminKey',
          line: 6,
          message: 'ADMIN_KEY is not set; set it, or ADMIN_KEY_FILE, in the environment',
        },
        {
          path: 'key',
          line: 2,
          message: 'must be 32 bytes, as 64 hexadecimal digits or base64; make one with: openssl rand -hex 32',
        },
        { path: 'restore.operators', line: 12, message: 'must be at most 2' },
        { path: 'loog', line: 13, message: 'unknown key; did you mean log?' },
        { path: 'defaultScope', line: 14, message: 'no such scope; there are: agent' },
      ]),
    );
  });

  it('of an empty file are the options that it needs', () => {
    expect(faults({ yaml: '' }).map((fault) => fault.split(' ')[0])).toEqual(['publicUrl', 'gateways', 'scopes']);
  });

  it('never show a value', () => {
    const breakages: readonly ((yaml: string) => string)[] = [
      (yaml) => `${yaml}unknown: 1\n`,
      (yaml) => yaml.replace('https://pullcord', 'ftp://pullcord'),
      (yaml) => yaml.replace('adminKey: "', 'adminKey:"'),
      (yaml) => yaml.replace('adminKey: "', 'adminkey: "'),
      (yaml) => yaml.replace('adminKey: "', 'adminKey: ["').replace('"\n    gatewayUrls', '"]\n    gatewayUrls'),
      (yaml) => yaml.replace('key: "', 'key: {"a": "').replace('"\ngateways', '"}\ngateways'),
      (yaml) => yaml.replace('"\n    gatewayUrls', '\n    gatewayUrls'),
      (yaml) => yaml.replace('adminKey: "', '\tadminKey: "'),
      (yaml) => yaml.replace('adminKey: "', 'adminKey: "\\q'),
      (yaml) => yaml.replace('- all', '- &a *b all'),
      (yaml) => yaml.replace('[http://127.0.0.1:9080]', 'x'),
    ];
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-zA-Z0-9]{12,40}$/),
        fc.subarray([...breakages], { minLength: 1 }),
        (secret, chosen) => {
          const whole = minimalYaml.replace(`\${ADMIN_KEY}`, `"${secret}"`).replace(`\${PULLCORD_KEY}`, `"${secret}"`);
          const found = faults({ yaml: chosen.reduce((yaml, breakage) => breakage(yaml), whole) });
          expect(found.length).toBeGreaterThan(0);
          expect(found.join('\n')).not.toContain(secret);
        },
      ),
    );
  });
});

describe('the file', () => {
  it('that is not there says how to name one', () => {
    expect(() => readConfig({ env: {}, readFile: filesOf({}) })).toThrow(
      'pullcord.yaml has a fault:\n  cannot be read; copy pullcord.example.yaml, or name your file by --config or PULLCORD_CONFIG',
    );
  });

  it('is pullcord.yaml here, or PULLCORD_CONFIG, or the one that is named', () => {
    const bad = '[]';
    const readFile = filesOf({ 'pullcord.yaml': minimalYaml, '/env.yaml': bad, '/named.yaml': minimalYaml });
    expect(readConfig({ env: minimalEnv, readFile }).config.dataDir).toBe(resolve('data'));
    const env = { ...minimalEnv, PULLCORD_CONFIG: '/env.yaml' };
    expect(() => readConfig({ env, readFile })).toThrow('/env.yaml has a fault');
    expect(readConfig({ path: '/named.yaml', env, readFile }).config.dataDir).toBe('/data');
  });
});

describe('a warning', () => {
  const quiet = append(twilio('+15550100009'));
  const relayToken = `api: {tokens: [{name: n8n, sha256: ${'a'.repeat(64)}, rights: [relay]}]}\n`;
  const relaying = (url: string): string => quiet.replace(/^( *)numbers:/m, `$1relayUrls: ['${url}']\n$1numbers:`);

  it('is not given without need', () => {
    expect(read({ yaml: quiet }).warnings).toEqual([]);
    expect(read({ yaml: relaying('https://n8n.example.org/a') + relayToken }).warnings).toEqual([]);
  });

  it('is given when a token may relay and nothing is taken', () => {
    expect(read({ yaml: minimalYaml + relayToken }).warnings).toContain(
      'api.tokens: token n8n may relay, but without sms.twilio nothing is taken.',
    );
  });

  it.each<{ given: Given; warning: string }>([
    { given: { yaml: quiet.replace('https:', 'http:') }, warning: 'publicUrl: http:// lets everybody' },
    { given: { yaml: `${quiet}listen: {internal: '0.0.0.0:8081'}\n` }, warning: 'listen.internal: is not loopback' },
    { given: { yaml: `${quiet}throttle: {stopFailures: 2}\n` }, warning: 'throttle.stopFailures: below' },
    { given: { yaml: `${quiet}lastResort: {}\n` }, warning: 'lastResort: names neither' },
    { given: { yaml: `${quiet}console: {url: 'http://pullcord.example.org'}\n` }, warning: 'console.url: http://' },
    {
      given: {
        yaml: `${quiet}console: {url: 'https://pullcord.example.org', openid: {issuer: 'http://id.example.org', clientId: a, clientSecret: b, roles: {a: [stop]}}}\n`,
      },
      warning: 'console.openid.issuer: http://',
    },
    { given: { yaml: `${quiet}${relayToken}` }, warning: 'sms.twilio.relayUrls: left out, so what token n8n relays' },
    { given: { yaml: relaying('https://n8n.example.org/a') }, warning: 'sms.twilio.relayUrls: no token has the right' },
    {
      given: { yaml: relaying('http://n8n.example.org/a') + relayToken },
      warning: 'sms.twilio.relayUrls: http:// lets everybody',
    },
    {
      given: { yaml: relaying('https://pullcord.example.org/sms/twilio') + relayToken },
      warning: "sms.twilio.relayUrls: has Pullcord's own address",
    },
    {
      given: { yaml: `${quiet}redisUrl: redis://a\n`, env: { REDIS_URL: 'redis://b' } },
      warning: 'redisUrl: stands in the file, so REDIS_URL is not used.',
    },
  ])('$warning', ({ given, warning }) => {
    expect(read(given).warnings).toEqual([expect.stringContaining(warning)]);
  });
});
