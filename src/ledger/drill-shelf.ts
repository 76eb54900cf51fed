/** What is kept of a drill, whatever else stands in its report. */
export interface KeptDrill {
  readonly id: string;
  readonly state: 'running' | 'passed' | 'failed';
  /** Epoch, in milliseconds. */
  readonly startedAt: number;
}

type Rows = <R>(text: string, params?: unknown[]) => Promise<R[]>;

/** The newest ones are kept. */
const KEPT = 200;

/** The reports of drills, beside the ledger. Every call throws `StoreUnavailable` as the store does. */
export class DrillShelf<T extends KeptDrill> {
  constructor(private readonly rows: Rows) {}

  /**
   * Puts a drill that begins on the shelf, unless another one is under way.
   * @param since a drill that began before has died. Epoch, in milliseconds.
   */
  async begin(drill: T, since: number): Promise<boolean> {
    const begun = await this.rows(
      `insert into pullcord.drill (id, started_at, running, report)
       select $1, $2, true, $3::jsonb
       where not exists (select from pullcord.drill where running and started_at > $4) returning id`,
      [drill.id, drill.startedAt, JSON.stringify(drill), since],
    );
    return begun.length > 0;
  }

  async save(drill: T): Promise<void> {
    await this.rows('update pullcord.drill set running = $2, report = $3::jsonb where id = $1', [
      ...[drill.id, drill.state === 'running', JSON.stringify(drill)],
    ]);
    await this.rows(
      `delete from pullcord.drill where not running
       and id not in (select id from pullcord.drill order by started_at desc, id limit $1)`,
      [KEPT],
    );
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
