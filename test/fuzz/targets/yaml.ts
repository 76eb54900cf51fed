import fc from 'fast-check';
import { ConfigError } from '../../../src/config/fault';
import { readConfig } from '../../../src/config/read';
import { filesOf, minimalEnv, minimalYaml } from '../../config/minimal';
import { must, mutated, target } from '../target';

const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...'bcdefghi'.split('').map((name, i) => {
    const before = 'abcdefgh'[i];
    return `${name}: &${name} [${Array(9).fill(`*${before}`).join(',')}]`;
  }),
].join('\n');
const pieces = fc.constantFrom(
  ...[
    '__proto__:\n  polluted: true\n',
    'constructor:\n  prototype:\n    polluted: true\n',
    '*a',
    '&a ',
    '<<: *a\n',
    `${bomb}\n`,
  ],
  ...[
    '!!js/function "x"',
    '!!binary ',
    '---\n',
    '...\n',
    '\t',
    '  ',
    '- ',
    ': ',
    '? ',
    '{',
    '[',
    '"',
    "'",
    '|\n',
    '>\n',
    '#',
  ],
  ...[
    ...['PULLCORD_KEY', 'ADMIN_KEY', 'HOME', ''].map((name) => `\${${name}}`),
    'null',
    '~',
    '.inf',
    '0x',
    '1e999',
    'yes',
    '2001-01-01',
    '\u2028',
  ],
  ...['gateways:\n', 'scopes:\n', 'tripwire: on\n', 'key: x\n', 'bounds: {ledgerMs: -1}\n'],
);

export const yaml = target('pullcord.yaml', 20_000, mutated([minimalYaml], pieces), (text) => {
  try {
    const { config } = readConfig({ path: '/c.yaml', env: minimalEnv, readFile: filesOf({ '/c.yaml': text }) });
    must(Object.keys(config.gateways).length > 0 && Object.keys(config.scopes).length > 0, 'nothing to cut');
    must(text.includes('gateways') && text.includes('scopes'), 'a configuration out of nothing');
    must(/^(https?:)/.test(config.publicUrl), 'an address that is none');
  } catch (error) {
    must(error instanceof ConfigError, `crashed: ${error}`);
    const told = `${error.message} ${JSON.stringify(error)}`;
    for (const secret of Object.values(minimalEnv)) must(!told.includes(secret), 'a secret was told');
  }
  must(({} as Record<string, unknown>).polluted === undefined, 'every object was changed');
});
