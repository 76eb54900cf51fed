import type { z } from 'zod';
import type { ConfigPath, Finding } from './fault';
import { schemaAt } from './json-schema';
import { unknownKey } from './unknown-key';

type Issue = z.core.$ZodIssue;

/** What the schema found, in words for a person. Looks at values only to tell what kind they are. */
export function findingsOf(issue: Issue, root: unknown): readonly Finding[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ at: [...path, key], message: unknownKey(path, key) }));
  return [{ at: path, message: messageOf(issue, path, valueAt(root, path)) }];
}

function messageOf(issue: Issue, path: ConfigPath, value: unknown): string {
  const about = schemaAt(path)?.description;
  if (value === undefined && issue.code !== 'custom') return about ? `missing; ${about}` : 'missing';
  if (value === null) return 'empty; give it a value or take the line out';
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue.expected, value) ?? issue.message;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`;
    case 'invalid_key':
      return `this name will not do: ${issue.issues.map(({ message }) => message).join('; ')}`;
    case 'too_small':
      if (issue.origin === 'string') return issue.message;
      return issue.origin === 'array' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'array' ? `at most ${issue.maximum} entries` : `must be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of options',
  record: 'a map of names',
  array: 'a list',
};

function wrongType(expected: string, value: unknown): string | undefined {
  const wanted = kinds[expected];
  if (!wanted) return undefined;
  if (expected === 'int') return 'must be a whole number';
  if (typeof value === 'string' && (expected === 'number' || expected === 'boolean'))
    return `must be ${wanted}, without quotes; a variable gives text alone`;
  const kind = Array.isArray(value) ? 'array' : typeof value;
  if (kind === 'number' && expected === 'string') return 'must be a text; put it in quotes';
  return `must be ${wanted}, not ${kinds[kind] ?? kind}`;
}

function valueAt(root: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (value, step) => (value instanceof Object ? (value as Record<string | number, unknown>)[step] : undefined),
    root,
  );
}
