import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeHeapSnapshot } from 'node:v8';

/** V8's own, which grows until all code is warm: what it compiled, and what it learnt of shapes. */
const ENGINE = new Set(['code', 'object shape', 'hidden']);
/** One such block is the memory in which PGlite's Postgres runs. Bytes. */
const A_MACHINE = 16_000_000;

/** What the test itself gathers. */
export interface Own {
  /** Names of classes. */
  readonly objects: ReadonlySet<string>;
  /** Names of variables that closures hold. */
  readonly variables: ReadonlySet<string>;
}

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[]];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

/**
 * What the program holds, and neither the engine nor the test alone: all that is reached from the roots past those two.
 * Bytes. `heapUsed` can't tell them apart: in the first thousand orders it grows by kilobytes an order, which are compiled
 * code, and source maps that jest reads for its stack traces. Takes seconds, in which nothing else runs.
 */
export function held(own: Own): number {
  const folder = mkdtempSync(join(tmpdir(), 'pullcord-heap-'));
  try {
    const file = writeHeapSnapshot(join(folder, 'now.heapsnapshot'));
    return heldIn(JSON.parse(readFileSync(file, 'utf8')) as Snapshot, own);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function heldIn({ snapshot: { meta }, nodes, edges, strings }: Snapshot, own: Own): number {
  const node = fieldsOf(meta.node_fields, ['type', 'name', 'self_size', 'edge_count']);
  const edge = fieldsOf(meta.edge_fields, ['type', 'name_or_index', 'to_node']);
  const [nodeTypes, edgeTypes] = [meta.node_types[0], meta.edge_types[0]];
  const count = nodes.length / node.size;
  const first = new Uint32Array(count + 1);
  for (let i = 0; i < count; i += 1)
    first[i + 1] = (first[i] as number) + (nodes[i * node.size + node.edge_count] as number);

  const isLeftOut = (i: number): boolean => {
    const type = nodeTypes[nodes[i * node.size + node.type] as number] ?? '';
    if (ENGINE.has(type)) return true;
    if (type === 'native') return (nodes[i * node.size + node.self_size] as number) >= A_MACHINE;
    return type === 'object' && own.objects.has(strings[nodes[i * node.size + node.name] as number] ?? '');
  };
  const reached = new Uint8Array(count);
  reached[0] = 1;
  const next = [0];
  let bytes = 0;
  for (let i = next.pop(); i !== undefined; i = next.pop()) {
    bytes += nodes[i * node.size + node.self_size] as number;
    for (let e = first[i] as number; e < (first[i + 1] as number); e += 1) {
      const at = e * edge.size;
      const type = edgeTypes[edges[at + edge.type] as number];
      const name = edges[at + edge.name_or_index] as number;
      const to = (edges[at + edge.to_node] as number) / node.size;
      if (type === 'weak' || reached[to] === 1 || isLeftOut(to)) continue;
      if (type === 'context' && own.variables.has(strings[name] ?? '')) continue;
      reached[to] = 1;
      next.push(to);
    }
  }
  return bytes;
}

function fieldsOf<const F extends string>(fields: readonly string[], names: readonly F[]) {
  const at = Object.fromEntries(names.map((name) => [name, fields.indexOf(name)])) as Record<F, number>;
  return { ...at, size: fields.length };
}
