import { z } from 'zod';
import { boundNames, type History } from './history';
import { fold, freshLine, type Line } from './line';
import { PLACES, spans } from './spans';

const VERSION = 1;

const amounts = z.array(z.number().min(0)).length(PLACES);
const head = z.object({
  version: z.literal(VERSION),
  steps: z.array(z.tuple([z.number(), z.number()])),
  newest: z.array(z.int().min(-1)).length(spans.length),
  landmark: z.number(),
  seen: z.string(),
  bounds: z.record(z.enum(boundNames), z.array(z.number().nullable()).length(PLACES)),
});
const lineOf = z.object({
  of: z.enum(['all', 'key', 'model']),
  /** Missing: the rest of them. */
  id: z.string().optional(),
  name: z.string().optional(),
  /** Null: everything of it is here. */
  since: z.number().nullable(),
  score: z.number().min(0),
  usd: amounts,
  tokens: amounts,
});

export type SavedHistory = Iterable<unknown>;

/**
 * As JSON, one line of a file after the other, of one moment: what is spent while it is being written is not in it.
 * @param nameOf what a key is called now: nobody may say so after a restart.
 */
export function saveHistory(history: History, nameOf: (key: string) => string): SavedHistory {
  const { newest, landmark, seen, bounds, all, keys, models } = history;
  const copies = [
    { of: 'all', line: copyOf(all) },
    ...[...keys.named.values()].map((line) => ({ of: 'key', id: line.id, name: nameOf(line.id), line: copyOf(line) })),
    { of: 'key', line: copyOf(keys.other) },
    ...[...models.named.values()].map((line) => ({ of: 'model', id: line.id, line: copyOf(line) })),
    { of: 'model', line: copyOf(models.other) },
  ];
  const first = {
    ...{ version: VERSION, steps: layout(), newest: [...newest], landmark },
    seen: Buffer.from(seen).toString('base64'),
    bounds: Object.fromEntries(boundNames.map((name) => [name, [...bounds[name]]])),
  };
  return partsOf(first, copies);
}

function* partsOf(first: unknown, copies: readonly { readonly line: Line }[]): Generator<unknown> {
  yield first;
  for (const { line, ...what } of copies)
    yield {
      ...{ ...what, score: line.score, since: Number.isFinite(line.since) ? line.since : null },
      ...{ usd: [...line.usd], tokens: [...line.tokens] },
    };
}

/**
 * Into a history that has seen nothing yet.
 * @returns what the keys were called. @throws Error when it isn't what `saveHistory` gave; nothing is loaded then.
 */
export function loadHistory(history: History, parts: readonly unknown[]): ReadonlyMap<string, string> {
  const [first, ...others] = parts;
  const { steps, newest, landmark, seen, bounds } = head.parse(first);
  if (JSON.stringify(steps) !== JSON.stringify(layout())) throw new Error('it was saved in other steps');
  const bytes = Buffer.from(seen, 'base64');
  if (bytes.length !== PLACES) throw new Error('it does not say which steps were seen');
  const saved = others.map((part) => lineOf.parse(part));
  const lines = saved.map((one) => ({ ...one, line: toLine(one) }));
  const named = (of: 'key' | 'model'): Line[] =>
    lines.filter((one) => one.of === of && one.id !== undefined).map(({ line }) => line);
  const rest = (of: 'all' | 'key' | 'model'): Line => {
    const found = lines.find((one) => one.of === of && one.id === undefined);
    if (!found) throw new Error(`a line is missing: ${of}`);
    return found.line;
  };
  const [all, otherKeys, otherModels] = [rest('all'), rest('key'), rest('model')];

  newest.forEach((step, i) => {
    history.newest[i] = step;
  });
  history.landmark = landmark;
  history.seen.set(bytes);
  for (const name of boundNames) history.bounds[name].set(bounds[name].map((value) => value ?? Number.NaN));
  fold(all, history.all);
  history.keys.load(named('key'), otherKeys);
  history.models.load(named('model'), otherModels);
  return new Map(saved.flatMap(({ id, name }) => (id !== undefined && name !== undefined ? [[id, name]] : [])));
}

const layout = (): [number, number][] => spans.map(({ stepMs, size }) => [stepMs, size]);

const copyOf = (line: Line): Line => ({ ...line, usd: line.usd.slice(), tokens: line.tokens.slice() });

function toLine({ id = 'other', since, score, usd, tokens }: z.infer<typeof lineOf>): Line {
  const line = freshLine(id, since ?? Number.NEGATIVE_INFINITY, score);
  line.usd.set(usd);
  line.tokens.set(tokens);
  return line;
}
