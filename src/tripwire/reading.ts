/** What was spent. Amounts are totals where a counter is meant, and differences where an increment is. */
export interface Usage {
  /** US dollars. */
  readonly spendUsd: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/**
 * The counters of one key and one model as one look showed them: totals since the proxy began to count, summed over
 * every label but these two.
 */
export interface Reading extends Usage {
  /** When it was looked at. Epoch, in milliseconds. */
  readonly at: number;
  /** LiteLLM's name for the key: `hashed_api_key`, or a name of its own in a recording. */
  readonly key: string;
  readonly model: string;
  /** The proxy that was asked, where several are watched: each counts by itself. */
  readonly source?: string;
  /**
   * Tells one counting process from another, and from itself after a restart, where the source says so
   * (`process_start_time_seconds`). Readings of one process only grow.
   */
  readonly process?: string;
  /** When the counters that this process shows began, by the source's clock, where it says so. Epoch, in milliseconds. */
  readonly countingSince?: number;
}

/** What came upon a key and model between two looks. All amounts are at least 0. */
export interface Increment extends Usage {
  readonly key: string;
  readonly model: string;
  /** The look before, after which it was spent. Epoch, in milliseconds; equals `to` when there was none. */
  readonly from: number;
  /** The look that showed it. Epoch, in milliseconds. */
  readonly to: number;
}
