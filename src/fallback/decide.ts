import type { FallbackConfig } from '../config/fallback';
import type { Standing } from './permit';
import type { Health } from './window';

export interface Scene {
  readonly config: Pick<FallbackConfig, 'decide' | 'forSeconds' | 'maxUsd' | 'whenOver'>;
  readonly standing: Standing;
  /** Of the primary; undefined when nothing can be seen of it. */
  readonly health: Health | undefined;
  /** Spent since the fallback was permitted; undefined when it couldn't be seen for too long. US dollars. */
  readonly spentUsd?: number | undefined;
  /** Epoch, in milliseconds. */
  readonly now: number;
}

/** What the watcher does by itself. Undefined: nothing. */
export type Act =
  | { readonly kind: 'go-over'; readonly until: number }
  | { readonly kind: 'ask' }
  /** Back to the primary: it is well again, or what was permitted is used up or can't be counted. */
  | { readonly kind: 'go-back'; readonly why: 'well' | 'time' | 'money' | 'blind'; readonly refuse: boolean };

const WELL = { kind: 'go-back', why: 'well', refuse: false } as const satisfies Act;

/**
 * What follows from what is seen. Pure. It goes over only where that was configured beforehand, and never past a latch:
 * what is `forbidden` stays so until a person restores it (laws 2 and 3). In doubt it goes back, never over (law 4).
 */
export function decide({ config, standing, health, spentUsd, now }: Scene): Act | undefined {
  const { state, permit } = standing;
  if (state === 'forbidden') return undefined;
  if (permit?.state === 'fallback') {
    const refuse = config.whenOver === 'refuse';
    if (permit.until !== undefined && now >= permit.until) return { kind: 'go-back', why: 'time', refuse };
    if (config.maxUsd !== undefined) {
      // What can't be counted can't be permitted.
      if (spentUsd === undefined) return { kind: 'go-back', why: 'blind', refuse };
      if (spentUsd >= config.maxUsd) return { kind: 'go-back', why: 'money', refuse };
    }
    return permit.whileDown && health === 'well' ? WELL : undefined;
  }
  if ((state === 'asked' || permit?.held) && health === 'well') return WELL;
  if (health !== 'down' || state === 'asked' || permit?.held) return undefined;
  if (config.decide === 'auto') return { kind: 'go-over', until: now + config.forSeconds * 1000 };
  return config.decide === 'ask' ? { kind: 'ask' } : undefined;
}
