import type { Bull } from './bull';
import type { TakenJob } from './process';

export interface PlaceOptions {
  readonly process: (taken: TakenJob) => Promise<void>;
  readonly onError: (error: Error) => void;
  /** Bound of one question to the server. Milliseconds. */
  readonly timeoutMs: number;
}

/** Where the queue lives: the three of them differ only in this. */
export interface Place {
  readonly kind: 'redis' | 'postgres' | 'pglite';
  /** Makes what has to be there. Throws while the server is away, and is called again then. */
  prepare(): Promise<void>;
  /** Called once, after `prepare` went well. From then on lost connections mend themselves. */
  open(): Bull;
  /** Throws when the server doesn't answer, or takes no writes. */
  ping(): Promise<void>;
  /** Destroys every connection, whether or not anybody answers. */
  close(): Promise<void>;
}
