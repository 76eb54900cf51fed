/** What a restore of one scope would give back at one system, and what it would leave, as last seen. From memory. */
export interface Preview {
  readonly routes: readonly RoutePreview[];
  /** What else is given back, in words. */
  readonly others: readonly string[];
  readonly stays: readonly StayPreview[];
}

/** A route that serves again. */
export interface RoutePreview {
  readonly gateway: string;
  readonly id: string;
  readonly name?: string;
  readonly uris: readonly string[];
  readonly hosts: readonly string[];
  /** How it is cut now. */
  readonly how: 'clamp' | 'rewrite' | 'guard';
}

/** What belongs to the scope and stays off. */
export interface StayPreview {
  readonly gateway: string;
  readonly id: string;
  readonly why: string;
}

/** `agent and llm are severed, too, and hold it`. */
export const heldToo = (scopes: readonly string[]): string =>
  `${scopes.join(' and ')} ${scopes.length === 1 ? 'is severed, too, and holds' : 'are severed, too, and hold'} it`;
