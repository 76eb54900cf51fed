import { readExposition } from '../../src/tripwire/scrape/exposition';

/** Every sample by its name and labels as they are written: `pullcord_orders_total{source="sms",...}`. */
export type Samples = ReadonlyMap<string, number>;

/** What `/metrics` of a running program says now, read by the parser that reads LiteLLM's. */
export async function scrape(internalUrl: string): Promise<Samples> {
  const answer = await fetch(`${internalUrl}/metrics`);
  if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
  return samplesIn(await answer.text());
}

export function samplesIn(text: string): Samples {
  const samples = new Map<string, number>();
  const reader = readExposition({
    wanted: () => new Set(),
    onSample: ({ series, value }) => {
      if (samples.has(series)) throw new Error(`${series} stands there twice`);
      samples.set(series, value);
    },
  });
  reader.write(text);
  reader.end();
  return samples;
}

/** The series of this name that moved, and by how much. Buckets and sums of histograms are left out. */
export function moved(before: Samples, after: Samples, name: RegExp): Record<string, number> {
  const changes: Record<string, number> = {};
  for (const [series, value] of after) {
    if (!name.test(series) || /_(bucket|sum)[{ ]?/.test(series)) continue;
    const by = value - (before.get(series) ?? 0);
    if (by !== 0) changes[series] = by;
  }
  for (const [series, value] of before) if (!after.has(series) && name.test(series)) changes[`${series} gone`] = value;
  return changes;
}
