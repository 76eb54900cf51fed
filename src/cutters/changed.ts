/** What one or more writes changed of objects alike, without a secret: for the ledger. */
export interface Changed {
  readonly gateway: string;
  /** As the Admin API names them: `routes/17`. */
  readonly objects: readonly string[];
  /** So many more objects were changed in the same way, and are not named. */
  readonly more?: number;
  readonly changes: readonly Change[];
  /** Of objects that were written back: whether they are what they were, field for field. */
  readonly exact?: boolean;
}

export interface Change {
  /** A JSON Pointer (RFC 6901); empty: the whole of it. */
  readonly path: string;
  /** Left out where there was nothing. */
  readonly before?: unknown;
  /** Left out where there is nothing any more. */
  readonly after?: unknown;
}

/** Stands for what is not shown: that it was changed is seen all the same. */
export const HIDDEN = '(hidden)';
