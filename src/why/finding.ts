/** In the order in which a request meets them. */
export const layers = ['gateway', 'routes', 'clamp', 'guard', 'fallback', 'litellm', 'ledger'] as const;

export type Layer = (typeof layers)[number];

/** What was seen in one layer. `unknown`: it could not be asked, which clears it of nothing. */
export interface Finding {
  readonly layer: Layer;
  /** Which gateway, or which LiteLLM. */
  readonly name?: string;
  readonly verdict: 'passes' | 'refuses' | 'unknown' | 'skipped';
  /** One sentence. */
  readonly text: string;
  readonly evidence?: Readonly<Record<string, unknown>>;
  /** It shows Pullcord's own cut, which the ledger explains best. */
  readonly cut?: true;
  /** Of a gateway: an answer came, and it was not Pullcord's refusal. */
  readonly heard?: true;
  /** Of what refuses: who and why, for a person, in one line. */
  readonly answer?: string;
  /** What would change it. */
  readonly todo?: string;
}
