import { type ClockSight, judgeClock } from './blindness/clock';
import { judgeMovement, type Movement, type PassedToAll } from './blindness/standstill';
import type { BlindReason, BlindTrouble } from './blindness/trouble';
import { judgeSight, type Sight } from './blindness/unseen';
import { judgeShown, type Shown } from './blindness/vanished';
import { type DatabaseLook, type Look, LUMPED, type Moment } from './scrape/look';

export type { BlindReason, BlindTrouble, PassedToAll };

/**
 * What counts as not seeing. Pure: one source's looks, one after the other. Fails towards trouble: whatever it can't
 * see is not nothing. A restart of LiteLLM, a night without a request, and one bad look among good ones are no trouble.
 */

/** What is remembered of one source. Not to be kept over a restart: its times are of this process. */
export interface BlindState {
  readonly sight: Sight;
  readonly clock: ClockSight;
  readonly shown: Shown;
  readonly movement: Movement;
  /** How LiteLLM's list of keys was last read. */
  readonly database?: DatabaseLook | undefined;
  /** What lasts since when, of what each look shows by itself. */
  readonly standing: ReadonlyMap<BlindReason, Moment>;
}

export interface Judgement {
  readonly state: BlindState;
  /** What is wrong now: one for each reason. */
  readonly troubles: readonly BlindTrouble[];
  /** Since when spend may go unseen; undefined: it is seen. */
  readonly blindSince: Moment | undefined;
}

export const SEEING: BlindState = {
  sight: { looks: 0 },
  clock: {},
  shown: new Map(),
  movement: { processes: new Map(), moves: 0 },
  standing: new Map(),
};

/**
 * @param gateway how many requests the gateways let through to the models; undefined where nobody counts. Not those that
 *   they refused: these never came to LiteLLM.
 */
export function judge(before: BlindState, look: Look, gateway?: PassedToAll): Judgement {
  const sight = judgeSight(before.sight, look);
  const clock = judgeClock(before.clock, look);
  const shown = judgeShown(before.shown, look);
  const movement = judgeMovement(before.movement, look, gateway);
  const database = look.database ?? before.database;
  const own = told(look, database, before.standing);
  const troubles = [sight.trouble, clock.trouble, shown.trouble, ...movement.troubles, ...own].filter(
    (trouble) => trouble !== undefined,
  );
  return {
    state: {
      ...{ sight: sight.state, clock: clock.state, shown: shown.state, movement: movement.state, database },
      standing: new Map(own.map(({ reason, since }) => [reason, since])),
    },
    troubles,
    blindSince: troubles
      .filter(({ blind }) => blind)
      .map(({ since }) => since)
      .sort((a, b) => a.monotonicMs - b.monotonicMs)[0],
  };
}

export interface BlindSettings {
  readonly afterSeconds: number;
  readonly action: 'alert' | 'sever';
}

/** What comes of being blind for so long; undefined: nothing yet, beyond telling. */
export function resort(
  blindSince: Moment | undefined,
  { afterSeconds, action }: BlindSettings,
  monotonicMs: number,
): BlindSettings['action'] | undefined {
  if (blindSince === undefined || monotonicMs - blindSince.monotonicMs < afterSeconds * 1_000) return undefined;
  return action;
}

/** What one look says of itself. */
function told(
  look: Look,
  database: DatabaseLook | undefined,
  standing: ReadonlyMap<BlindReason, Moment>,
): BlindTrouble[] {
  const { at, monotonicMs, source } = look;
  const trouble = (reason: BlindReason, text: string): BlindTrouble => ({
    ...{ reason, text, blind: false },
    since: standing.get(reason) ?? { at, monotonicMs },
  });
  const troubles: BlindTrouble[] = [];
  if (look.ok && look.scrape.unreadable > 0)
    troubles.push(
      trouble(
        'unreadable',
        `${look.scrape.unreadable} counters of ${source} show no number: what they count is not watched. A price in LiteLLM that is no number does that: correct it and restart LiteLLM.`,
      ),
    );
  if (look.ok && look.scrape.readings.some(({ key }) => key === LUMPED))
    troubles.push(
      trouble(
        'lumped',
        `${source} adds up what is beyond prometheus_metrics_max_series_per_metric: keys are watched together that should be apart. Raise it, or switch labels off.`,
      ),
    );
  if (database?.ok === false)
    troubles.push(trouble('database', `The tripwire cannot read the keys of ${source}. ${database.detail}`));
  return troubles;
}
