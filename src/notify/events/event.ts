import type { Source } from '../../orders/order';
import type { RefusalReason } from '../../orders/reasons';
import type { FallbackDecision } from '../channel';

/** What programs can ask to be told of. */
export const EVENT_TYPES = [
  ...(['severing', 'severed', 'restored', 'refused', 'tripped', 'warned', 'trouble', 'drill', 'fallback'] as const),
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** One thing that happened, as a subscriber gets it. Holds no secret. */
export interface EventBody {
  /** The same in each try and for each subscriber. */
  readonly id: string;
  readonly type: EventType;
  /** ISO 8601. */
  readonly at: string;
  /** One line for a person. */
  readonly text: string;
  readonly scope?: string;
  /** Number of the order that it is about, and of the sever that opened the incident. */
  readonly order?: number;
  readonly incident?: number;
  /** Of that order. */
  readonly source?: Source;
  readonly by?: string;
  readonly reason?: string;
  readonly refusal?: RefusalReason;
  /** Of a trouble. */
  readonly state?: 'raised' | 'cleared';
  /** The tripwire's. */
  readonly figures?: object;
  /** The tripwire observes only: nothing was cut. */
  readonly observed?: true;
  /** The report of a drill. */
  readonly drill?: object;
  /** What was decided about one. */
  readonly fallback?: FallbackDecision;
}

/** What an event says of the order that it is about, beyond what the notice has. */
export interface AboutOrder {
  readonly source: Source;
  readonly by: string;
  readonly reason?: string;
  readonly incident?: number;
}
