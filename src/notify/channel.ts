/** What happened. The first five are an order's way; the others are the switch's own health. */
export type NoticeKind =
  | 'severing'
  | 'severed'
  | 'restoring'
  | 'restored'
  | 'refused'
  /** Something lasts that has to be mended, until `cleared`. */
  | 'trouble'
  | 'alarm'
  | 'cleared';

/** One thing worth telling a person, or a program. Holds no secret. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly text: string;
  readonly scope?: string;
  /** Number of the order. */
  readonly order?: number;
  /** Epoch, in milliseconds. */
  readonly at: number;
}

/** `retry`: the same notice may get through later. `failed`: it won't. */
export type Told = 'told' | 'retry' | 'failed';

/** A way to tell somebody. Adding a provider is adding one of these. */
export interface Channel {
  /** Stands in logs: holds no secret, and no address that is one. */
  readonly name: string;
  /**
   * Bounded in time. Called again with the same object after `retry`: who was told already is not told twice.
   * Fails towards "not told", never towards silence: what it can't be sure of it doesn't call told.
   */
  tell(notice: Notice): Promise<Told>;
}
