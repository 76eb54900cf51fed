import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { e164 } from '../config/parts';
import { type Right, right } from '../config/schema';

/** Lets a schema of the configuration judge an argument. */
export const parseWith =
  <T>(schema: z.ZodType<T>) =>
  (text: string): T => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join('; '));
  };

export const parsePhone = parseWith(e164);

/** For an option that is given several times. */
export function collectPhones(text: string, before: readonly string[] = []): readonly string[] {
  return [...new Set([...before, parsePhone(text)])];
}

export function parseRights(text: string): readonly Right[] {
  const rights = text.split(',').map((one) => right.safeParse(one.trim()));
  if (!rights.every((one) => one.success))
    throw new InvalidArgumentError(`Give one or more of: ${right.options.join(', ')}, with commas.`);
  return [...new Set(rights.map((one) => one.data))];
}
