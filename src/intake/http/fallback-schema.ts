import { z } from 'zod';
import type { FallbackState } from '../../fallback';

/** What `/api/v1/fallbacks` takes and gives. Times are RFC 3339 in UTC. */

const time = z.iso.datetime();
const states = ['primary', 'asked', 'fallback', 'forbidden'] as const satisfies readonly FallbackState[];

export const fallback = z.object({
  name: z.string(),
  state: z
    .enum(states)
    .describe(
      'primary: the fallback is out of the gateway. asked: the primary is down, and a person may permit it. fallback: it is permitted. forbidden: a scope that holds it is severed.',
    ),
  seen: z.enum(['primary', 'fallback', 'unseen']).describe('What every gateway node was seen to deal out to.'),
  missing: z.array(z.string()).describe('What is missing until the state is seen, in words.'),
  order: z.int().min(0).describe('Number of the order or decision that made it so; 0 when none ever did.'),
  since: time.optional(),
  until: time.optional().describe('When the time of a permit is up.'),
  by: z.string().optional().describe('Who decided: an operator, `token:<name>`, or `watcher`.'),
  why: z.string().optional(),
  forbiddenBy: z.array(z.string()).describe('The scopes that are severed.'),
});

export const fallbackList = z.object({ fallbacks: z.array(fallback) });

export const fallbackPath = z.strictObject({ name: z.string().min(1).max(32) });
