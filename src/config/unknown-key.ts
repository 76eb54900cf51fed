import { type ConfigPath, shownKey } from './fault';
import { schemaAt } from './json-schema';

/** What to do about a key that nobody knows. */
export function unknownKey(path: ConfigPath, key: string): string {
  const known = Object.keys(schemaAt(path)?.properties ?? {});
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '');
  const nearest = known
    .map((name) => ({ name, distance: editDistance(plain(shownKey(key)), plain(name)) }))
    .toSorted((a, b) => a.distance - b.distance)[0];
  return nearest && nearest.distance <= Math.max(1, nearest.name.length / 3)
    ? `unknown key; did you mean ${nearest.name}?`
    : `unknown key; known here: ${known.join(', ')}`;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries())
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    row = next;
  }
  return row[b.length] ?? 0;
}
