import type { Reading } from '../reading';

/** What one look at one source showed. Never an exception: not to see is an answer, too. */
export type Look = LookHead & (Seen | Unseen);

/** When it answered, or was given up. */
export interface Moment {
  /** Epoch, in milliseconds. */
  readonly at: number;
  /** On a clock that nobody sets. Milliseconds since some moment of this process. */
  readonly monotonicMs: number;
}

interface LookHead extends Moment {
  /** The source's name. */
  readonly source: string;
  /** From the question to the answer. Milliseconds. */
  readonly tookMs: number;
  /** How the latest look at LiteLLM's database went, where one is configured and was looked at since the last look. */
  readonly database?: DatabaseLook | undefined;
}

export interface Seen {
  readonly ok: true;
  readonly scrape: Scrape;
}

export interface Unseen {
  readonly ok: false;
  readonly why: Why;
  /** One line for a person: what happened, and what to do. */
  readonly detail: string;
}

export type DatabaseLook =
  | { readonly ok: true; readonly at: number; readonly keys: number; readonly whole: boolean }
  | { readonly ok: false; readonly at: number; readonly why: Why; readonly detail: string };

/** Why nothing was seen. A closed list: also a label in the ledger and in metrics. */
export type Why =
  /** No connection, or it broke off. */
  | 'no-answer'
  | 'timeout'
  /** 401 or 403. */
  | 'unauthorised'
  /** LiteLLM of about 1.48 to 1.79 without a licence shows nothing but that. */
  | 'not-premium'
  /** A page, JSON, or another program's metrics format. */
  | 'not-metrics'
  /** It would lead to another origin, where the token must not go, or in circles. */
  | 'led-elsewhere'
  /** Any other status. */
  | 'bad-status'
  | 'too-large'
  | 'malformed'
  /** LiteLLM is there, its metrics are not. */
  | 'no-callbacks'
  /** An exposition without a single sample: a proxy of several workers before its first request, or nothing at all. */
  | 'nothing-shown'
  /** No key list without LiteLLM's database. */
  | 'no-database'
  /** We ended it ourselves. */
  | 'stopped';

/** The counters and facts of one look. */
export interface Scrape {
  /** One for each key and model, with the `Look`'s time and source, and others from the database (`DATABASE_MODEL`). */
  readonly readings: readonly Reading[];
  /** By the key's hash. */
  readonly keys: ReadonlyMap<string, KeyFacts>;
  /** By the team's id. */
  readonly teams: ReadonlyMap<string, TeamFacts>;
  /** Absent when this exposition doesn't count requests. */
  readonly requests?: Requests | undefined;
  /** As in `Reading`. Absent where workers add up their counters, and where nothing tells them apart. */
  readonly process?: string | undefined;
  /** Several workers add up their counters in one directory (`PROMETHEUS_MULTIPROC_DIR`). */
  readonly multiprocess: boolean;
  /** Counters that show no number, less than nothing or without end: they are left out, and somebody is not watched. */
  readonly unreadable: number;
  /** Samples in all. */
  readonly samples: number;
}

/** Since the process began. */
export interface Requests {
  /** Answered, well or badly. */
  readonly total: number;
  /** Answered with 2xx on a route whose answers have tokens. Absent when LiteLLM doesn't tell the status. */
  readonly succeeded?: number | undefined;
  readonly failed: number;
}

export interface KeyFacts {
  readonly key: string;
  readonly alias?: string | undefined;
  readonly teamId?: string | undefined;
  readonly teamAlias?: string | undefined;
  readonly budget: Budget;
  /** From the database alone. */
  readonly blocked?: boolean | undefined;
}

export interface TeamFacts {
  readonly teamId: string;
  readonly alias?: string | undefined;
  readonly budget: Budget;
}

/** Each is absent when it isn't known, or isn't limited. */
export interface Budget {
  /** US dollars. */
  readonly maxUsd?: number | undefined;
  /** US dollars; below 0 when overspent. */
  readonly remainingUsd?: number | undefined;
  /** When spend begins anew. Epoch, in milliseconds. Minutes off when it comes from Prometheus. */
  readonly resetsAt?: number | undefined;
}

/** LiteLLM's word for a label that has no value, and ours for a label that is switched off. */
export const NONE = 'None';
/** LiteLLM's name for all series beyond `prometheus_metrics_max_series_per_metric`, in place of every label. */
export const LUMPED = 'other';
/** The model of a reading from the database, which doesn't tell models apart. */
export const DATABASE_MODEL = 'database';
