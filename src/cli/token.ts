import { createHash, randomBytes } from 'node:crypto';
import { InvalidArgumentError } from 'commander';
import { name } from '../config/parts';
import { type TokenRight, tokenRight } from '../config/schema';
import { parseWith } from './arguments';
import type { Register } from './cli';

const TOKEN_BYTES = 32;
const tokenRights = tokenRight.options;
const USUAL = ['stop', 'status'] as const satisfies readonly TokenRight[];

/** Bearer tokens for programs. Only the SHA-256 goes into the configuration: 256 random bits need no slow hash. */
export const registerToken: Register = ({ program, say }) => {
  const token = program.command('token').description('bearer tokens of programs, for instance n8n');
  token
    .command('new')
    .description('make a token: prints it once, and the lines for pullcord.yaml')
    .argument('<name>', 'stands in the ledger for whoever bears it', parseWith(name))
    .option('--rights <list>', tokenRights.join(', '), parseRights, [...USUAL])
    .action((tokenName: string, { rights }: { rights: readonly string[] }) => {
      const secret = `pullcord_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
      say('The token, shown this once; keep it where the program finds it:');
      say();
      say(`  ${secret}`);
      say();
      say('For pullcord.yaml; then restart pullcord:');
      say();
      say('api:');
      say('  tokens:');
      say(`    - name: ${tokenName}`);
      say(`      sha256: '${createHash('sha256').update(secret).digest('hex')}'`);
      say(`      rights: [${rights.join(', ')}]`);
    });
};

function parseRights(text: string): readonly string[] {
  const rights = text.split(',').map((right) => right.trim());
  if (rights.includes('restore'))
    throw new InvalidArgumentError("A token cannot restore: that takes an operator's fresh one-time password.");
  const known: readonly string[] = tokenRights;
  if (!rights.every((right) => known.includes(right)))
    throw new InvalidArgumentError(`Give one or more of: ${tokenRights.join(', ')}, with commas.`);
  return [...new Set(rights)];
}
