import { BlockList, isIPv4 } from 'node:net';
import { isList, type Json } from './json';

/** The value of a request's variable: `uri`, `http_x_key`, `arg_page`, `route_id`; undefined where it has none. */
export type Variables = (name: string) => string | undefined;
export type Expression = (variables: Variables) => boolean;
export type Parsed = { readonly expression: Expression } | { readonly fault: string };

/** A `vars` expression (api7/lua-resty-expr, `v1.lua`), with its faults in the original's words. */
export function parseExpression(rule: readonly Json[]): Parsed {
  if (rule.length === 0) return { expression: () => true };
  const [first] = rule;
  if (!isList(first) && !isLogic(first)) return { fault: 'rule should be wrapped inside brackets' };
  return parse(rule);
}

const LOGIC = {
  AND: { all: true, negated: false },
  OR: { all: false, negated: false },
  '!AND': { all: true, negated: true },
  '!OR': { all: false, negated: true },
} as const;
type Logic = keyof typeof LOGIC;

const isLogic = (value: Json | undefined): value is string =>
  typeof value === 'string' && Object.hasOwn(LOGIC, value.toUpperCase());

function parse(rule: readonly Json[]): Parsed {
  const [first, ...rest] = rule;
  if (first === undefined) return { fault: 'rule too short' };
  if (isList(first)) return combine('AND', rule);
  if (!isLogic(first)) return comparison(rule);
  return rest.length < 2 ? { fault: 'rule too short' } : combine(first.toUpperCase() as Logic, rest);
}

function combine(operator: Logic, rules: readonly Json[]): Parsed {
  const parts: Expression[] = [];
  for (const rule of rules) {
    const parsed = isList(rule) ? parse(rule) : { fault: 'invalid expression' };
    if ('fault' in parsed) return parsed;
    parts.push(parsed.expression);
  }
  const { all, negated } = LOGIC[operator];
  return {
    expression: (variables) =>
      (all ? parts.every((part) => part(variables)) : parts.some((part) => part(variables))) !== negated,
  };
}

function comparison(rule: readonly Json[]): Parsed {
  const negated = rule.length === 4;
  if (negated && rule[1] !== '!') return { fault: "bad 'not' expression" };
  const [name, written, right] = negated ? [rule[0], rule[2], rule[3]] : [rule[0], rule[1], rule[2]];
  const operator = typeof written === 'string' ? written.toLowerCase() : undefined;
  const known = operator !== undefined && Object.hasOwn(COMPARE, operator);

  // Two terms alone are an equality; with three, the middle one has to be an operator.
  if (right === undefined && !known) {
    if (typeof name !== 'string' || written === undefined) return { fault: 'invalid expression' };
    return { expression: (variables) => equal(variables(name), written) !== negated };
  }
  if (typeof name !== 'string' || operator === undefined) return { fault: 'invalid expression' };
  const compare = COMPARE[operator];
  if (!compare) return { fault: `invalid operator '${operator}'` };
  return { expression: (variables) => compare(variables(name), right ?? null) !== negated };
}

type Compare = (left: string | undefined, right: Json) => boolean;

/** Lua's `tonumber`: undefined where the text is no number. */
function toNumber(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isNaN(number) ? undefined : number;
}

const equal: Compare = (left, right) =>
  typeof right === 'number' ? toNumber(left) === right : (left ?? null) === right;

const ordered =
  (holds: (left: number, right: number) => boolean): Compare =>
  (left, right) => {
    const [a, b] = [toNumber(left), toNumber(right)];
    return a !== undefined && b !== undefined && holds(a, b);
  };

const pattern =
  (flags: string): Compare =>
  (left, right) => {
    if (left === undefined || typeof right !== 'string') return false;
    try {
      return new RegExp(right, flags).test(left);
    } catch {
      return false;
    }
  };

const COMPARE: Readonly<Record<string, Compare>> = {
  '==': equal,
  '~=': (left, right) => !equal(left, right),
  '>': ordered((a, b) => a > b),
  '>=': ordered((a, b) => a >= b),
  '<': ordered((a, b) => a < b),
  '<=': ordered((a, b) => a <= b),
  '~~': pattern(''),
  '~*': pattern('i'),
  in: (left, right) => isList(right) && left !== undefined && right.includes(left),
  // No variable of a request is a list.
  has: () => false,
  ipmatch: (left, right) => left !== undefined && addressIn(left, isList(right) ? right : [right]),
};

/** Whether an address stands in a list of addresses and CIDR blocks. */
export function addressIn(address: string, blocks: readonly Json[]): boolean {
  const list = new BlockList();
  for (const block of blocks) {
    if (typeof block !== 'string') continue;
    const [network = '', prefix] = block.split('/');
    const family = isIPv4(network) ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(network, family);
    else list.addSubnet(network, Number(prefix), family);
  }
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
