import { FAMILIES, type FamilyName } from './families';
import { type Family, labelText, type Series } from './render';

export type Labels = Readonly<Record<string, string>>;

/** What one worker counts. "None" is what is missing; a series is absent until its first use. */
export class Metrics {
  private readonly series = new Map<FamilyName, Map<string, { value: number; readonly created: number }>>();

  /** @param started Epoch, in milliseconds. */
  constructor(
    private readonly now: () => number,
    private started: number,
  ) {}

  /** Labels that the family doesn't have are left out. */
  add(family: FamilyName, labels: Labels, amount: number): void {
    const one = this.one(family, labels);
    one.value += amount;
  }

  set(family: FamilyName, labels: Labels, value: number): void {
    this.one(family, labels).value = value;
  }

  /** As after a restart of the worker. */
  restart(started: number): void {
    this.series.clear();
    this.started = started;
  }

  /** All series of a key, as LiteLLM drops idle ones (`prometheus_metrics_ttl_seconds`). */
  forget(hash: string): void {
    for (const all of this.series.values())
      for (const text of all.keys()) if (text.includes(`hashed_api_key="${hash}"`)) all.delete(text);
  }

  families(): Family[] {
    const own = (Object.keys(FAMILIES) as FamilyName[]).map((name): Family => {
      const { type, help } = FAMILIES[name];
      const series = [...(this.series.get(name) ?? [])].map(
        ([labels, { value, created }]): Series => ({ labels, value, ...(type === 'counter' && { created }) }),
      );
      return { name, type, help, series };
    });
    return [...this.process(), ...own];
  }

  /** prometheus_client's own, of whichever process this is; but the start is the worker's, to a hundredth of a second. */
  private process(): Family[] {
    const { rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const of = (name: string, help: string, value: number, type: Family['type'] = 'gauge'): Family => ({
      ...{ name, type, help },
      series: [{ labels: '', value }],
    });
    return [
      of('process_resident_memory_bytes', 'Resident memory size in bytes.', rss),
      of(
        'process_start_time_seconds',
        'Start time of the process since unix epoch in seconds.',
        Math.floor(this.started / 10) / 100,
      ),
      of('process_cpu_seconds', 'Total user and system CPU time spent in seconds.', (user + system) / 1e6, 'counter'),
    ];
  }

  private one(family: FamilyName, labels: Labels): { value: number; readonly created: number } {
    const text = labelText(
      Object.fromEntries(FAMILIES[family].labels.map((label) => [label, labels[label] ?? 'None'])),
    );
    const all = this.series.get(family) ?? new Map<string, { value: number; readonly created: number }>();
    this.series.set(family, all);
    const one = all.get(text) ?? { value: 0, created: this.now() / 1_000 };
    all.set(text, one);
    return one;
  }
}
