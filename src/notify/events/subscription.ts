import type { EventType } from './event';

/** In all. A program needs one for each thing that it does; a program that makes more has a fault. */
export const MAX_SUBSCRIPTIONS = 50;

/** A program that wants to be told. It gets no right by that. */
export interface Subscription {
  readonly id: string;
  /** Name of the token that made it: nobody else sees or ends it. */
  readonly token: string;
  /** A secret: whoever knows n8n's may start the workflow. */
  readonly url: string;
  /** Signs what is sent. */
  readonly secret: string;
  readonly events: readonly EventType[];
  /** Left out: all. */
  readonly scopes?: readonly string[];
  /** Epoch, in milliseconds, as all times here. */
  readonly createdAt: number;
  readonly lastDelivery?: { readonly at: number; readonly ok: boolean; readonly status?: number };
  /** Since when nothing was taken. */
  readonly failingSince?: number;
}

/** Whether it wants this event. What is about no scope is about all of them. Mirrors `pullcord.wants` in outbox.sql. */
export const wants = (
  { events, scopes }: Pick<Subscription, 'events' | 'scopes'>,
  { type, scope }: { readonly type: EventType; readonly scope?: string },
): boolean => events.includes(type) && (scopes === undefined || scope === undefined || scopes.includes(scope));

/** What may stand in logs and in the ledger. */
export const hostOf = ({ url }: Pick<Subscription, 'url'>): string => new URL(url).host;
