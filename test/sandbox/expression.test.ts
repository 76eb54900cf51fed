import { parseExpression } from '../../src/sandbox/apisix/expression';
import type { Json } from '../../src/sandbox/apisix/json';

const values: Readonly<Record<string, string>> = {
  uri: '/v1/chat',
  arg_n: '7',
  route_id: 'r1',
  remote_addr: '10.1.2.3',
};
const variables = (name: string): string | undefined => values[name];

test.each<[rule: readonly Json[], expected: boolean | string]>([
  [[], true],
  [[['route_id', 'in', ['r1', 'r2']]], true],
  [[['route_id', 'in', []]], false],
  [[['route_id', 'in', ['r10']]], false],
  [[['route_id', '!', 'in', ['r1']]], false],
  [[['nothing', '!', 'in', ['r1']]], true],
  [[['nothing', 'in', ['r1']]], false],
  [
    [
      ['route_id', '==', 'r1'],
      ['uri', '==', '/'],
    ],
    false,
  ],
  [[['nothing', '==', null]], true],
  [[['nothing', '~=', '']], true],
  [[['route_id', '~~', '^r[0-9]$']], true],
  [[['route_id', '~~', '(']], false],
  [[['route_id', '~*', '^R1$']], true],
  [[['arg_n', '==', 7]], true],
  [[['arg_n', '>', 6]], true],
  [[['arg_n', '>=', '8']], false],
  [[['uri', '<', 5]], false],
  [[['route_id', 'r1']], true],
  [[['remote_addr', 'ipmatch', ['10.0.0.0/8']]], true],
  [[['remote_addr', 'ipmatch', '127.0.0.1']], false],
  [['OR', ['route_id', '==', 'x'], ['arg_n', '==', '7']], true],
  [['AND', ['route_id', '==', 'x'], ['arg_n', '==', '7']], false],
  [['!AND', ['route_id', '==', 'x'], ['arg_n', '==', '7']], true],
  [['!OR', ['route_id', '==', 'x'], ['arg_n', '==', '7']], false],
  [
    [
      ['OR', ['route_id', '==', 'x'], ['arg_n', '==', '7']],
      ['uri', '~~', '^/v1'],
    ],
    true,
  ],
  [['route_id', '==', 'r1'], 'rule should be wrapped inside brackets'],
  [[['route_id', 'is', 'r1']], "invalid operator 'is'"],
  [[['route_id', 'not', 'in', ['r1']]], "bad 'not' expression"],
  [[['route_id']], 'invalid expression'],
  [['OR', ['route_id', '==', 'x']], 'rule too short'],
])('%j is %j', (rule, expected) => {
  const parsed = parseExpression(rule);
  expect('fault' in parsed ? parsed.fault : parsed.expression(variables)).toBe(expected);
});
