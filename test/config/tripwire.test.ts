import { ConfigError } from '../../src/config/fault';
import { readConfig } from '../../src/config/read';
import { filesOf, minimalEnv, minimalYaml } from './minimal';

const FILE = '/etc/pullcord/pullcord.yaml';
const HASH = 'ab'.repeat(32);

const read = (tripwire: string, env: Readonly<Record<string, string>> = {}) =>
  readConfig({
    ...{ path: FILE, env: { ...minimalEnv, ...env } },
    readFile: filesOf({ [FILE]: `${minimalYaml}tripwire:\n${tripwire.replace(/^/gm, '  ')}\n` }),
  }).config.tripwire;

/** `path message`, for each fault. */
function faults(tripwire: string): string[] {
  try {
    read(tripwire);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ path, message }) => `${path} ${message}`);
  }
}

const LITELLM = 'litellm: [{url: http://litellm.example.org:4000}]';

it('is off when it is left out', () => {
  const { config } = readConfig({ path: FILE, env: minimalEnv, readFile: filesOf({ [FILE]: minimalYaml }) });
  expect(config.tripwire).toBeUndefined();
});

it('the least one has all defaults', () => {
  expect(read(LITELLM)).toEqual({
    ...{ mode: 'act', everySeconds: 5, others: 'trip', timeZone: 'UTC', keys: {}, teams: {}, whole: {}, defaults: {} },
    litellm: [{ url: 'http://litellm.example.org:4000', timeoutMs: 5_000 }],
    blind: { afterSeconds: 300, action: 'alert' },
  });
});

it('keeps the hash of a key, and the key itself nowhere', () => {
  const keys = `keys: {a: {key: "\${AGENT_KEY}"}, b: {key: '${HASH.toUpperCase()}'}}`;
  const config = read(`${LITELLM}\n${keys}`, { AGENT_KEY: 'sk-agent' });
  expect(config?.keys.a?.key).toMatch(/^[0-9a-f]{64}$/);
  expect(config?.keys.b?.key).toBe(HASH);
  expect(JSON.stringify(config)).not.toContain('sk-agent');
});

it('takes its files as paths beside the configuration', () => {
  const config = read('litellm: [{url: "https://litellm.example.org", caFile: ca.pem, database: {viewerKey: sk-v}}]');
  expect(config?.litellm[0]).toMatchObject({ caFile: '/etc/pullcord/ca.pem', database: { everySeconds: 60 } });
});

it.each<[string, string]>([
  ['litellm: []', 'tripwire.litellm must not be empty'],
  ['mode: act', 'tripwire.litellm missing; Each proxy that the agents use: each counts by itself.'],
  [`${LITELLM}\neverySeconds: 0`, 'tripwire.everySeconds must be at least 1'],
  [`${LITELLM}\nmode: on`, 'tripwire.mode must be one of act, observe'],
  [`${LITELLM}\nscope: llm`, 'tripwire.scope no such scope; there are: agent'],
  [`${LITELLM}\nwhole: {scope: llm}`, 'tripwire.whole.scope no such scope; there are: agent'],
  [`${LITELLM}\nkeys: {a: {key: '${HASH}', scope: llm}}`, 'tripwire.keys.a.scope no such scope; there are: agent'],
  [`${LITELLM}\nteams: {x-1: {scope: llm}}`, 'tripwire.teams.x-1.scope no such scope; there are: agent'],
  [`${LITELLM}\nkeys: {a: {key: hunter2}}`, 'tripwire.keys.a.key write the 64-digit hash, or sk-… by a variable'],
  [`${LITELLM}\nkeys: {a: {key: '${HASH}'}, b: {key: '${HASH}'}}`, 'tripwire.keys.b.key is the same key as a'],
  [
    `${LITELLM}\ndefaults: {ceilings: {usd: {perMinute: 0}}}`,
    'tripwire.defaults.ceilings.usd.perMinute must be at least 0.01',
  ],
  [
    `${LITELLM}\ndefaults: {ceilings: {tokens: {perHour: 1.5}}}`,
    'tripwire.defaults.ceilings.tokens.perHour must be a whole number',
  ],
  [
    `${LITELLM}\ndefaults: {ceilings: {usd: {perHuor: 5}}}`,
    'tripwire.defaults.ceilings.usd.perHuor unknown key; did you mean perHour?',
  ],
  [`${LITELLM}\nothers: cut`, 'tripwire.others must be one of trip, warn, ignore'],
  [`${LITELLM}\nblind: {action: cut}`, 'tripwire.blind.action must be one of alert, sever'],
  [`${LITELLM}\ntimeZone: Mars/Olympus`, 'tripwire.timeZone write a time zone as IANA names it: Europe/Berlin'],
])('a fault in %j', (tripwire, fault) => {
  expect(faults(tripwire)).toEqual([fault]);
});

it('never shows a key in a fault', () => {
  const secret = 'sk-very-secret';
  const found = faults(`${LITELLM}\nkeys: {a: {key: ${secret}}, b: {key: ${secret}}, c: {keey: ${secret}}}`);
  expect(found.length).toBeGreaterThanOrEqual(2);
  expect(found.join('\n')).not.toContain(secret);
});
