import { ConfigError } from '../../src/config/fault';
import { readTripwire } from '../../src/config/read-tripwire';
import { filesOf } from './minimal';

const HASH = 'ab'.repeat(32);
const yaml = `key: \${PULLCORD_KEY}
key: twice, elsewhere
gateways: nonsense
tripwire:
  litellm:
    - url: http://litellm:4000
      token: \${METRICS_KEY}
      caFile: ca.pem
  keys:
    agent-1: {key: ${HASH}}
`;
const read = (text: string, options: { asks?: boolean; env?: Record<string, string> } = {}) =>
  readTripwire({ path: '/etc/p.yaml', env: {}, asks: false, readFile: filesOf({ '/etc/p.yaml': text }), ...options });

it('reads the block alone: what else stands in the file need not be right, nor its secrets be there', () => {
  expect(read(yaml).keys).toEqual({ 'agent-1': { key: HASH } });
});

it('wants what asks LiteLLM only where it is going to be asked', () => {
  expect(() => read(yaml, { asks: true })).toThrow('tripwire.litellm[0].token: METRICS_KEY is not set');
  const { litellm } = read(yaml, { asks: true, env: { METRICS_KEY: 'secret' } });
  expect(litellm).toMatchObject([{ url: 'http://litellm:4000', token: 'secret', caFile: '/etc/ca.pem' }]);
});

it('tells all faults of the block at once, with their lines, and none of a secret', () => {
  const text = `tripwire:\n  others: maybe\n  others: trip\n  evry: 5\n  keys:\n    a: {key: sk}\n`;
  let error: unknown;
  try {
    read(text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).faults.map(({ path, line }) => [path, line])).toEqual([
    ['tripwire.others', 3],
    ['tripwire.keys.a.key', 6],
    ['tripwire.evry', 4],
  ]);
});

it.each([
  ['no file', undefined, 'cannot be read'],
  ['no YAML', 'a: [', 'line 1'],
  ['no block', 'publicUrl: x', 'tripwire: missing; add the block'],
  ['a list', 'tripwire: [1]', 'tripwire: missing; add the block'],
  ['nothing', '', 'tripwire: missing; add the block'],
])('%s is a fault', (_, text, message) => {
  const files: Record<string, string> = text === undefined ? {} : { '/etc/p.yaml': text };
  expect(() => readTripwire({ path: '/etc/p.yaml', env: {}, asks: false, readFile: filesOf(files) })).toThrow(message);
});
