import { hashOfKey } from '../../../config/virtual-key';
import type { Unit } from '../../signal';
import type { Proposal } from './propose';
import { reasonOf } from './reasons';
import type { Tuned } from './tune';

/** The proposal as lines for `pullcord.yaml`, each ceiling with its reason. @param nameOf what a key is to be called. */
export function yamlOf({ whole, keys, rest }: Tuned, nameOf: (key: string) => string | undefined): readonly string[] {
  const names = new Set<string>();
  const unique = (key: string): string => {
    const wanted = nameFor(nameOf(key) ?? key);
    let name = wanted;
    for (let n = 2; names.has(name); n += 1) name = `${wanted.slice(0, 28)}-${n}`;
    names.add(name);
    return name;
  };
  return [
    'tripwire:',
    ...(rest.length > 0 ? ['  defaults:', ...ceilings(rest, '    ')] : []),
    ...(whole.ceilings.length > 0 ? ['  whole:', ...ceilings(whole.ceilings, '    ')] : []),
    ...(keys.length > 0 ? ['  keys:'] : []),
    ...keys.flatMap(({ key, proposals }) => [
      `    ${unique(key)}:`,
      `      ${keyLine(key)}`,
      `      profile: ${proposals.profile}`,
      ...ceilings(proposals.ceilings, '      '),
    ]),
  ];
}

function ceilings(proposals: readonly Proposal[], indent: string): readonly string[] {
  const of = (unit: Unit): readonly string[] => {
    const lines = proposals.filter((one) => one.unit === unit);
    if (lines.length === 0) return [];
    return [
      `${indent}  ${unit}:`,
      ...lines.map((one) => `${indent}    ${one.window}: ${one.limit} # ${reasonOf(one)}`),
    ];
  };
  return [`${indent}ceilings:`, ...of('usd'), ...of('tokens')];
}

function keyLine(key: string): string {
  const hash = key.startsWith('sk-') ? undefined : hashOfKey(key);
  if (hash !== undefined) return `key: '${hash}'`;
  return `key: '' # write the hash of the key that the recording calls ${key.replace(/\p{C}/gu, ' ')}`;
}

/** What the configuration takes for a name. */
function nameFor(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const hashed = /^[0-9a-f]{64}$/.test(plain) ? plain.slice(0, 8) : plain;
  return (/^[a-z]/.test(hashed) && !/^[0-9a-f]{8}$/.test(hashed) ? hashed : `key-${hashed}`)
    .slice(0, 31)
    .replace(/-+$/, '');
}
