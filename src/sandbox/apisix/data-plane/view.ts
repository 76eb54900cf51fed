import { decrypt } from '../admin/cipher';
import { ROOT } from '../admin/kinds';
import { recode } from '../admin/plugins';
import { objectAt } from '../json';
import type { Change, Entry, Store } from '../store';

/** The configuration as one gateway node has it: etcd's, a propagation time ago, with plain secrets. */
export interface View {
  get(segment: string, id: string): Entry | undefined;
  list(segment: string): readonly Entry[];
  /** Grows with every change of the segment that has arrived. */
  version(segment: string): number;
  /** While deaf, changes wait. */
  deaf(on: boolean): void;
  close(): void;
}

export function createView(store: Store, propagationMs: number): View {
  const segments = new Map<string, Segment>();
  const timers = new Set<NodeJS.Timeout>();
  const waiting: Change[] = [];
  let isDeaf = false;

  function segmentOf(key: string): Segment {
    const name = key.split('/')[2] ?? '';
    const segment = segments.get(name) ?? { entries: new Map<string, Entry>(), version: 0 };
    segments.set(name, segment);
    return segment;
  }

  function arrive(change: Change): void {
    if (isDeaf) {
      waiting.push(change);
      return;
    }
    const segment = segmentOf(change.key);
    if (change.entry) segment.entries.set(change.key, readable(change.entry));
    else segment.entries.delete(change.key);
    segment.version += 1;
  }

  for (const entry of store.list(`${ROOT}/`)) arrive({ key: entry.key, entry });
  const unwatch = store.watch((change) => {
    if (propagationMs <= 0) return arrive(change);
    const timer = setTimeout(() => {
      timers.delete(timer);
      arrive(change);
    }, propagationMs);
    timers.add(timer);
  });

  return {
    get: (segment, id) => segments.get(segment)?.entries.get(`${ROOT}/${segment}/${id}`),
    list: (segment) => [...(segments.get(segment)?.entries.values() ?? [])],
    version: (segment) => segments.get(segment)?.version ?? 0,
    deaf: (on) => {
      isDeaf = on;
      if (!on) for (const change of waiting.splice(0)) arrive(change);
    },
    close: () => {
      unwatch();
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

/** The objects of one kind. */
interface Segment {
  readonly entries: Map<string, Entry>;
  version: number;
}

function readable(entry: Entry): Entry {
  const plugins = objectAt(entry.value, 'plugins');
  if (!plugins) return entry;
  const ofConsumer = entry.key.startsWith(`${ROOT}/consumers/`);
  return { ...entry, value: { ...entry.value, plugins: recode(plugins, ofConsumer, decrypt) } };
}
