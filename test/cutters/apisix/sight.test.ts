import type { Glimpse, Seen } from '../../../src/cutters/apisix/probe';
import { judge } from '../../../src/cutters/apisix/sight';

const target = { method: 'HEAD', path: '/v1', headers: {} };
const seen = (...of: (readonly [node: number, glimpse: Glimpse])[]): Seen[] =>
  of.map(([node, glimpse]) => ({
    url: `http://gw-${node}.example.org:9080/`,
    target,
    glimpse,
    detail: { refused: '503', served: '200', silent: 'ECONNREFUSED' }[glimpse],
  }));

test.each<['refused' | 'served', Seen[], string, string[]]>([
  ['refused', seen([1, 'refused'], [2, 'refused']), 'refused', []],
  ['served', seen([1, 'served'], [2, 'served']), 'served', []],
  ['refused', [], 'unseen', []],
  [
    'refused',
    seen([1, 'refused'], [1, 'served'], [2, 'refused']),
    'unseen',
    ['gateway http://gw-1.example.org:9080 still serves agent: HEAD /v1 answered 200'],
  ],
  [
    'refused',
    seen([1, 'refused'], [2, 'silent'], [2, 'silent']),
    'unseen',
    ['gateway http://gw-2.example.org:9080 does not answer: ECONNREFUSED'],
  ],
  [
    'refused',
    seen([1, 'refused'], [1, 'silent']),
    'unseen',
    ['gateway http://gw-1.example.org:9080 left 1 of 2 probes of agent without an answer'],
  ],
  [
    'served',
    seen([1, 'served'], [1, 'refused']),
    'unseen',
    ['gateway http://gw-1.example.org:9080 still refuses agent: HEAD /v1'],
  ],
])('%s wanted: %j is %s', (wanted, glimpses, sight, missing) => {
  expect(judge('agent', wanted, glimpses)).toEqual({ sight, missing });
});
