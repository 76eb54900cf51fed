import { z } from 'zod';

/**
 * What `GET /api/v1/live` sends (text/event-stream), beside `status`, which has the shape of `GET /api/v1/status` and
 * comes at the beginning and whenever it has changed.
 */

const time = z.iso.datetime();

/** Event `spend`: after every look of the tripwire, at most one in two seconds. */
export const liveSpend = z.object({
  at: time,
  sees: z.boolean().describe('false: what is spent may go unseen. That is not nothing.'),
  usdPerMinute: z.number().describe('Of all keys together, in the last minute.'),
  tokensPerMinute: z.number(),
  standing: z.enum(['warn', 'trip']).optional().describe('Of any key, in the last ten minutes.'),
});

/** Event `incident`: it began, went on or ended: ask for it again. */
export const liveIncident = z.object({ number: z.int().min(1) });

/** Event `bye`: nothing more comes. session-ended: sign in again; closing: Pullcord goes down, try again. */
export const liveBye = z.object({ reason: z.enum(['session-ended', 'closing']) });

export type LiveSpend = z.input<typeof liveSpend>;
export type LiveIncident = z.input<typeof liveIncident>;
export type LiveBye = z.input<typeof liveBye>;
