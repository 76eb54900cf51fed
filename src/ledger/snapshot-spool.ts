import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { bounded } from './bounded';
import type { Sealer } from './sql-store';
import { type Snapshot, type Store, StoreUnavailable } from './store';

type Snapshots = Pick<Store, 'saveSnapshot' | 'snapshots' | 'dropSnapshot'>;

export interface SnapshotSpoolOptions {
  readonly store: Snapshots;
  readonly sealer: Sealer;
  readonly dataDir: string;
  /** How long a cut waits for the store before it goes on without. Milliseconds. */
  readonly boundMs: number;
  /**
   * Whether a stop was carried out here that the ledger doesn't know yet. To another instance its snapshots would say
   * that a live route is cut by mistake: they follow when the stop is on paper.
   */
  readonly unrecorded: () => boolean;
}

/** A store that did not answer is not waited for again for so long: there may be a thousand routes to save. */
const AWAY_MS = 5_000;

const about = 'spooled snapshot';

/**
 * Snapshots of routes, in the ledger's store; in sealed files of the data folder while that is away, so that a STOP
 * which has to rewrite routes works without the ledger, too (law 4). Reading still wants the store: nothing is given
 * back without it, and what is in the files moves there first.
 */
export class SnapshotSpool implements Snapshots {
  private readonly folder: string;
  /** As of `performance.now`. */
  private awayUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: SnapshotSpoolOptions) {
    this.folder = join(options.dataDir, 'snapshots');
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    if (performance.now() < this.awayUntil || this.options.unrecorded()) return this.write(snapshot);
    try {
      await this.inTime(this.options.store.saveSnapshot(snapshot));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.write(snapshot);
    }
  }

  async snapshots(gateway: string): Promise<readonly Snapshot[]> {
    if (this.options.unrecorded()) {
      const own = this.spooled().filter((snapshot) => snapshot.gateway === gateway);
      const kept = await this.inTime(this.options.store.snapshots(gateway));
      return [...kept.filter(({ route }) => !own.some((one) => one.route === route)), ...own];
    }
    for (const snapshot of this.spooled()) {
      await this.options.store.saveSnapshot(snapshot);
      rmSync(this.pathOf(snapshot), { force: true });
    }
    return this.inTime(this.options.store.snapshots(gateway));
  }

  async dropSnapshot(gateway: string, route: string): Promise<void> {
    await this.options.store.dropSnapshot(gateway, route);
  }

  private async inTime<T>(work: Promise<T>): Promise<T> {
    try {
      return await bounded(work, this.options.boundMs, 'the ledger');
    } catch (error) {
      if (error instanceof StoreUnavailable) this.awayUntil = performance.now() + AWAY_MS;
      throw error;
    }
  }

  private spooled(): Snapshot[] {
    let names: string[];
    try {
      names = readdirSync(this.folder);
    } catch {
      return [];
    }
    return names
      .filter((name) => !name.endsWith('.new'))
      .map((name) => this.options.sealer.open(readFileSync(join(this.folder, name), 'utf8'), about))
      .map((text) => JSON.parse(text) as Snapshot);
  }

  private pathOf({ gateway, route }: Pick<Snapshot, 'gateway' | 'route'>): string {
    return join(this.folder, Buffer.from(`${gateway}/${route}`).toString('base64url'));
  }

  private write(snapshot: Snapshot): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const path = this.pathOf(snapshot);
    const file = openSync(`${path}.new`, 'w', 0o600);
    try {
      writeSync(file, this.options.sealer.seal(JSON.stringify(snapshot), about));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.new`, path);
  }
}
