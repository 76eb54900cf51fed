import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const FOLDER = join(__dirname, '../../workflows');

const connection = z.strictObject({ node: z.string(), type: z.literal('main'), index: z.literal(0) });

/** As n8n exports a node, and no field more: what isn't known here would not be looked at. */
const node = z.strictObject({
  id: z.uuid(),
  name: z.string().min(1),
  type: z.string().regex(/^(n8n-nodes-base|n8n-nodes-pullcord)\.[a-zA-Z]+$/),
  typeVersion: z.number(),
  position: z.tuple([z.number(), z.number()]),
  parameters: z.record(z.string(), z.unknown()),
  credentials: z.record(z.string(), z.strictObject({ id: z.string(), name: z.string() })).optional(),
  webhookId: z.uuid().optional(),
  disabled: z.boolean().optional(),
  onError: z.enum(['continueErrorOutput', 'continueRegularOutput']).optional(),
  alwaysOutputData: z.boolean().optional(),
  executeOnce: z.boolean().optional(),
  retryOnFail: z.boolean().optional(),
  maxTries: z.number().optional(),
  waitBetweenTries: z.number().optional(),
});

const workflow = z.strictObject({
  /** n8n's own command line refuses longer ones. */
  id: z.string().min(1).max(21),
  name: z.string().min(1),
  nodes: z.array(node),
  connections: z.record(z.string(), z.strictObject({ main: z.array(z.array(connection)) })),
  settings: z.record(z.string(), z.unknown()),
  active: z.literal(false),
  pinData: z.strictObject({}),
  meta: z.record(z.string(), z.unknown()),
  tags: z.array(z.never()),
});

export type ShippedNode = z.output<typeof node>;
export type Shipped = z.output<typeof workflow> & { readonly file: string; readonly text: string };

/** @throws ZodError naming what is wrong. */
export function shipped(): readonly Shipped[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return files.map((file) => {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    return { ...workflow.parse(JSON.parse(text)), file, text };
  });
}

export const typeOf = ({ type }: ShippedNode): string => type.replace(/^.*\./, '');

/** Every text in the parameters that n8n evaluates. */
export function expressionsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('=') ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(expressionsIn) : [];
}

export interface Data {
  readonly $json: Readonly<Record<string, unknown>>;
  /** What every other node gave. */
  readonly others: Readonly<Record<string, unknown>>;
}

/** Evaluates `={{ ... }}` as n8n does: one expression of JavaScript. @throws what it throws. */
export function evaluate(expression: string, { $json, others }: Data): unknown {
  const [, code = ''] = /^=\{\{([\s\S]*)\}\}$/.exec(expression) ?? [];
  const one = { json: others };
  const $ = (): object => ({ first: () => one, all: () => [one] });
  const $execution = { resumeFormUrl: 'https://n8n.example.org/form-waiting/1' };
  return new Function('$json', '$', '$execution', `return (${code}\n);`)($json, $, $execution);
}
