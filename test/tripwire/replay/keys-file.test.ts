import { ConfigError } from '../../../src/config/fault';
import { parseKeysFile } from '../../../src/tripwire/replay/keys-file';

it('says how each key is watched', () => {
  const keys = parseKeysFile('keys.json', '{"a": {"profile": "service", "daily_budget_usd": 12.5}, "b": {}}');
  expect([...keys]).toEqual([
    ['a', { profile: 'service', daily_budget_usd: 12.5 }],
    ['b', {}],
  ]);
});

it('tells all faults at once, with their lines', () => {
  const text = `{
  "a": {"profile": "robot", "daily_budget_usd": -1},
  "b": {"dayly_budget_usd": 1},
  "c": 5,
  "d": {},
  "d": {},
  "e": {"daily_budget_usd": "1"}
}`;
  const faults = [
    'd: this key is there twice; keep one (line 6)',
    'a.profile: must be agent or service (line 2)',
    'a.daily_budget_usd: must be a number of dollars above 0 (line 2)',
    'b.dayly_budget_usd: unknown; known here: profile, daily_budget_usd (line 3)',
    'c: must be a map of options: profile, daily_budget_usd (line 4)',
    'e.daily_budget_usd: must be a number of dollars above 0 (line 7)',
  ];
  expect(() => parseKeysFile('keys.json', text)).toThrow(ConfigError);
  expect(() => parseKeysFile('keys.json', text)).toThrow(`keys.json has 6 faults:\n  ${faults.join('\n  ')}`);
});

it.each([
  ['no map', '[1]', 'must be a map of keys'],
  ['nothing', '', 'must be a map of keys'],
  ['no JSON', '{"a": ', 'line 1'],
])('%s is a fault', (_, text, message) => {
  expect(() => parseKeysFile('keys.json', text)).toThrow(message);
});
