import type { Goal } from '../cutter';
import type { Claims } from './claims';
import type { KeySight, LiteLLMClient } from './client';
import { shortName } from './keys';

/** How one key stands after a pass. */
export interface Standing {
  readonly sight: 'refused' | 'served' | 'unseen';
  readonly missing?: string;
  readonly drift?: string;
  readonly write?: string;
}

export interface KeyPassOptions {
  readonly client: LiteLLMClient;
  readonly claims: Claims;
  readonly goal: Goal;
  readonly overtaken: AbortSignal;
}

/**
 * One look at a key, and what follows from it. Fails towards "blocked": a key that can't be read is blocked all the
 * same, and what can't be shown to be our block is not taken away.
 */
export class KeyPass {
  constructor(private readonly options: KeyPassOptions) {}

  /** @param repeat whether to tell LiteLLM again about a key that it already shows as blocked. */
  async hold(hash: string, repeat: boolean): Promise<Standing> {
    const { client, claims, goal, overtaken } = this.options;
    const key = shortName(hash);
    const before = await this.look(hash);
    if (before.state === 'unknown') return unseen(`${key} is unknown to LiteLLM: correct cutters.litellm.keys`);
    if (before.state === 'unseen' && !before.reached) return unseen(`${key}: ${before.why}`);

    const claim = await claims.of(hash).catch(() => 'none' as const);
    if (before.state === 'blocked') {
      if (claim === 'ours') await claims.confirm(hash);
      const leave = claim === 'none' || !repeat ? undefined : await goal.mayCut();
      if (!leave || overtaken.aborted) return { sight: 'refused' };
      const { complaint } = await client.block(hash, overtaken, leave);
      const write = complaint === undefined ? { write: `POST /key/block ${key}, for the other workers` } : {};
      return { sight: 'refused', ...write };
    }

    const leave = await goal.mayCut();
    if (!leave) return unseen(`${key} is not blocked yet: another instance is at it`);
    // What can't be seen now was looked at a period ago: a LiteLLM in trouble must not make our block a stranger's.
    if (claim !== 'ours') await claims.intend(hash, { seenOpen: claims.wasOpen(hash) });
    if (overtaken.aborted) return { sight: 'unseen' };
    const answer = await client.block(hash, overtaken, leave);
    if (answer.mayComeLate) claims.mayComeLate(hash);
    // A 500 may come after the commit (BerriAI/litellm#38308): what counts is what is seen.
    const after = await this.look(hash);
    if (after.state !== 'blocked') return unseen(`${key}: ${answer.complaint ?? describe(after)}`);
    await claims.confirm(hash);
    const drift = before.state === 'open' && claim === 'ours' ? { drift: `${key} was unblocked behind our back` } : {};
    return { sight: 'refused', write: `POST /key/block ${key}`, ...drift };
  }

  async release(hash: string): Promise<Standing> {
    const { client, claims, goal, overtaken } = this.options;
    const key = shortName(hash);
    const before = await this.look(hash);
    if (before.state === 'unseen') return unseen(`${key}: ${before.why}`);
    const claim = await claims.of(hash).catch(() => undefined);
    if (before.state !== 'blocked') {
      if (claim !== 'none' && !overtaken.aborted && (await goal.mayRelease(true))) await claims.seenFree(hash);
      return { sight: 'served' };
    }

    if (claim === 'none') return { sight: 'served' };
    if (claim === undefined) return unseen(`${key} stays blocked: whether we blocked it cannot be read now`);
    if (claim === 'doubtful')
      return unseen(
        `${key} stays blocked: it cannot be shown that we blocked it. Unblock it in LiteLLM if it is to work`,
      );
    const leave = await goal.mayRelease(true);
    if (!leave || overtaken.aborted) return unseen(`${key} stays blocked: no leave to release it`);
    const { complaint } = await client.unblock(hash, overtaken, leave);
    const after = await this.look(hash);
    if (after.state !== 'open') return unseen(`${key}: ${complaint ?? describe(after)}`);
    await claims.seenFree(hash);
    return { sight: 'served', write: `POST /key/unblock ${key}` };
  }

  private async look(hash: string): Promise<KeySight> {
    const { client, claims, overtaken } = this.options;
    const sight = await client.look(hash, overtaken);
    if (sight.state !== 'unseen') claims.saw(hash, sight.state === 'open');
    return sight;
  }
}

const unseen = (missing: string): Standing => ({ sight: 'unseen', missing });

function describe(sight: KeySight): string {
  if (sight.state === 'unseen') return sight.why;
  return sight.state === 'unknown' ? 'LiteLLM has no such key' : `LiteLLM still shows it ${sight.state}`;
}
