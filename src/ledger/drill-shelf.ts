/** What is kept of a drill, whatever else stands in its report. */
export interface KeptDrill {
  readonly id: string;
  readonly state: 'running' | 'passed' | 'failed' | 'skipped';
  /** Epoch, in milliseconds. */
  readonly startedAt: number;
}

type Rows = <R>(text: string, params?: unknown[]) => Promise<R[]>;

/** The newest ones are kept. */
const KEPT = 200;

/**
 * The reports of drills, beside the ledger. Who may put one that is under way there is decided by a lease. Every call
 * throws `StoreUnavailable` as the store does.
 */
export class DrillShelf<T extends KeptDrill> {
  constructor(private readonly rows: Rows) {}

  async put(drill: T): Promise<void> {
    await this.rows('insert into pullcord.drill (id, started_at, running, report) values ($1, $2, $3, $4::jsonb)', [
      ...[drill.id, drill.startedAt, drill.state === 'running', JSON.stringify(drill)],
    ]);
    await this.rows(
      `delete from pullcord.drill where not running
       and id not in (select id from pullcord.drill order by started_at desc, id limit $1)`,
      [KEPT],
    );
  }

  /** Its end. @returns false when another instance has ended it before: that is what stands. */
  async end(drill: T): Promise<boolean> {
    const ended = await this.rows(
      'update pullcord.drill set running = false, report = $2::jsonb where id = $1 and running returning id',
      [drill.id, JSON.stringify(drill)],
    );
    return ended.length > 0;
  }

  async get(id: string): Promise<T | undefined> {
    const [row] = await this.rows<{ report: T }>('select report from pullcord.drill where id = $1', [id]);
    return row?.report;
  }

  /** Newest first. */
  async newest(limit: number): Promise<readonly T[]> {
    const rows = await this.rows<{ report: T }>(
      'select report from pullcord.drill order by started_at desc, id limit $1',
      [limit],
    );
    return rows.map(({ report }) => report);
  }

  /** Those that nobody has ended. */
  async running(): Promise<readonly T[]> {
    const rows = await this.rows<{ report: T }>('select report from pullcord.drill where running');
    return rows.map(({ report }) => report);
  }
}
