/** What a stand-in LiteLLM is like. */
export interface SandboxLiteLLMOptions {
  /** 0 takes a free port. */
  readonly port?: number;
  readonly masterKey?: string;
  /** A key of the role `proxy_admin_viewer`: it reads, and cannot block. */
  readonly viewerKey?: string;
  /** False: without LiteLLM's database there are no virtual keys, and all management answers 500. */
  readonly database?: boolean;
  /** Each has its own cache; connections are dealt out to them in turn. */
  readonly workers?: number;
  /** How long a worker believes its cache. Milliseconds. */
  readonly cacheMs?: number;
  readonly model?: string;
  /** Milliseconds from one token to the next. */
  readonly chunkMs?: number;
  /** How many tokens a completion has when `max_tokens` isn't given. */
  readonly tokens?: number;
  /** US dollars a token. */
  readonly inputCost?: number;
  readonly outputCost?: number;
  /**
   * What a client that hangs up is charged: nothing, as before mid-2026 (BerriAI/litellm#14457), or what was produced.
   */
  readonly hungUp?: 'free' | 'charged';
  /** Whether the metrics want a key, as by default from 1.84 on. */
  readonly metricsAuth?: boolean;
  /** `off`: without `callbacks: ["prometheus"]`. `not-premium`: unlicensed, 1.48 to 1.79. */
  readonly prometheus?: 'on' | 'off' | 'not-premium';
  /** From one worker's start to the next one's. Milliseconds. */
  readonly forkMs?: number;
}

/** What goes wrong with the next request to a path. */
export type Fault =
  /** 500, and nothing was done. */
  | 'error'
  /** 500, and it was done (BerriAI/litellm#38308). */
  | 'error-after-commit'
  /** No answer, and nothing was done. */
  | 'silence'
  /** No answer, and it was done. */
  | 'silence-after-commit';

export const DEFAULTS = {
  port: 0,
  masterKey: 'sk-sandbox-master',
  viewerKey: 'sk-sandbox-viewer',
  database: true,
  workers: 1,
  cacheMs: 60_000,
  model: 'gpt-4o',
  chunkMs: 20,
  tokens: 200,
  inputCost: 2.5e-6,
  outputCost: 1e-5,
  hungUp: 'free',
  metricsAuth: false,
  prometheus: 'on',
  forkMs: 20,
} as const satisfies Required<SandboxLiteLLMOptions>;
