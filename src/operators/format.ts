import { z } from 'zod';
import { e164, name } from '../config/parts';
import { right } from '../config/schema';
import { type Keys, open, SealBroken, seal } from '../config/secrets';
import type { Operator } from './operator';

/**
 * The text of the operators' file. TOTP secrets are sealed with the operator's name as additional data: moved to
 * another name, a secret doesn't open. Fails towards "unreadable": one bad line makes the whole file bad, rather than
 * an operator vanish in silence.
 */

const VERSION = 1;

const operator = z.strictObject({
  name,
  phones: z.array(e164).min(1, 'name at least one number'),
  rights: z.array(right).min(1, 'name at least one right'),
  totpSecret: z.string(),
  backupCodes: z.array(z.strictObject({ id: z.string().min(1), mac: z.string().regex(/^[0-9a-f]{64}$/, 'a MAC') })),
});

const file = z
  .strictObject({ version: z.literal(VERSION), operators: z.array(operator) })
  .superRefine(({ operators }, ctx) => {
    const names = new Set<string>();
    const phones = new Set<string>();
    operators.forEach((one, i) => {
      const twice = (seen: Set<string>, value: string, path: (string | number)[]): void => {
        if (seen.has(value))
          ctx.addIssue({ code: 'custom', path: ['operators', i, ...path], message: 'is there twice' });
        seen.add(value);
      };
      twice(names, one.name, ['name']);
      one.phones.forEach((phone, j) => twice(phones, phone, ['phones', j]));
    });
  });

/** A file that can't be used. Holds no secret. */
export class OperatorsFileBroken extends Error {
  override readonly name = 'OperatorsFileBroken';
}

/** @throws OperatorsFileBroken */
export function parseOperators(text: string, keys: Pick<Keys, 'operators'>): readonly Operator[] {
  const parsed = file.safeParse(json(text));
  if (!parsed.success)
    throw new OperatorsFileBroken(
      parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`).join('; '),
    );
  return parsed.data.operators.map((one) => ({ ...one, totpSecret: openSecret(one, keys) }));
}

export function formatOperators(operators: readonly Operator[], keys: Pick<Keys, 'operators'>): string {
  const sealed = operators.map((one) => ({ ...one, totpSecret: seal(keys.operators, one.totpSecret, one.name) }));
  return `${JSON.stringify({ version: VERSION, operators: sealed }, null, 2)}\n`;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new OperatorsFileBroken('it is not JSON');
  }
}

function openSecret({ name, totpSecret }: { name: string; totpSecret: string }, keys: Pick<Keys, 'operators'>): string {
  try {
    return open(keys.operators, totpSecret, name);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    throw new OperatorsFileBroken(`the secret of ${name} does not open: is this the key that it was made with?`);
  }
}
