import { createKeyList, type KeyListOptions } from './key-list';
import { factsOf, type KeyRow } from './key-row';
import { createKeySpend, type KeySpendOptions } from './key-spend';
import { type DatabaseLook, LUMPED, type Scrape, type Seen, type Unseen } from './look';

export interface DatabaseSettings {
  /** The proxy's address, where that of the metrics is another. */
  readonly url?: string | undefined;
  /** A virtual key whose user has the role `proxy_admin_viewer`: it reads, and can block nothing. */
  readonly viewerKey: string;
  /** LiteLLM advises 60. Its own figures are 10 to 15 s late. */
  readonly everySeconds: number;
}

/** LiteLLM's table of keys, read now and then beside the metrics, which never wait for it. */
export interface Database {
  /** Begins to read if it is time, and answers when that is done; at once when it isn't time. Never throws. */
  pollIfDue(): Promise<void>;
  /** How the latest reading went; once. */
  takeFresh(): DatabaseLook | undefined;
  /** Adds what the table knows to what the metrics showed. */
  complete(scrape: Scrape): Scrape;
  /** The table alone, as it was when last read. */
  alone(): Seen | Unseen | undefined;
  close(): Promise<void>;
}

export interface DatabaseOptions
  extends Omit<KeyListOptions, 'viewerKey'>,
    DatabaseSettings,
    Pick<KeySpendOptions, 'counters'> {
  readonly url: string;
  readonly source: string;
  readonly monotonic: () => number;
  /** Keys that any metric ever showed. */
  readonly shown: ReadonlySet<string>;
}

const NOTHING: Scrape = {
  readings: [],
  keys: new Map(),
  teams: new Map(),
  multiprocess: false,
  unreadable: 0,
  samples: 0,
};

export function createDatabase(options: DatabaseOptions): Database {
  const { everySeconds, monotonic, now, shown, counters } = options;
  const list = createKeyList(options);
  const spend = createKeySpend({ source: `${options.source}/database`, startedAt: now(), counters });
  const closing = new AbortController();
  let rows: readonly KeyRow[] = [];
  let latest: DatabaseLook | undefined;
  let fresh: DatabaseLook | undefined;
  /** Readings are handed out once for each time that the table was read. */
  let told = true;
  let polledAt: number | undefined;
  let running: Promise<void> | undefined;

  async function poll(): Promise<void> {
    const answer = await list.look(closing.signal);
    latest = answer.look;
    fresh = answer.look;
    running = undefined;
    if (!answer.look.ok) return;
    rows = answer.rows;
    spend.take(rows, answer.look.at, shown);
    told = false;
  }

  function complete(scrape: Scrape): Scrape {
    const keys = new Map(scrape.keys);
    for (const row of rows) keys.set(row.token, factsOf(row, keys.get(row.token)));
    // Among what is lumped together may be any key: it would count twice.
    const readings = told || shown.has(LUMPED) ? [] : spend.readings(shown);
    told = true;
    return { ...scrape, keys, readings: [...scrape.readings, ...readings] };
  }

  return {
    async pollIfDue() {
      const due = polledAt === undefined || monotonic() - polledAt >= everySeconds * 1_000;
      if (running === undefined && due && !closing.signal.aborted) {
        polledAt = monotonic();
        running = poll();
      }
      await running;
    },
    takeFresh() {
      const look = fresh;
      fresh = undefined;
      return look;
    },
    complete,
    alone() {
      if (latest === undefined) return undefined;
      return latest.ok ? { ok: true, scrape: complete(NOTHING) } : latest;
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}
