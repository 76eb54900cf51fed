import { z } from 'zod';
import { stepNames } from '../../supervision/drill/report';

/** What `/api/v1/drills` gives, and what is told at the end of a drill. Times are RFC 3339 in UTC. */

const time = z.iso.datetime();
const ms = z.int().min(0);

const step = z.object({
  name: z.enum(stepNames).describe('In the order of the way; see docs/drill.md.'),
  gateway: z.string().optional().describe('Missing where the step is about the whole way.'),
  ok: z.boolean(),
  ms: ms.describe('Without the wait for a fresh code. Milliseconds.'),
  detail: z.string().optional(),
  usualMs: ms.optional().describe('The median of the same step in earlier drills that passed.'),
  slower: z.boolean().optional().describe('More than twice the median, and more than a second longer.'),
});

export const drill = z.object({
  id: z.string(),
  state: z
    .enum(['running', 'passed', 'failed', 'skipped'])
    .describe('skipped: it was due by the schedule, and something else came first.'),
  by: z.string().describe('Who wanted it: `token:<name>`, or `schedule`.'),
  startedAt: time,
  endedAt: time.optional(),
  ms: ms.optional().describe('In all, without waits for fresh codes. Milliseconds.'),
  steps: z.array(step),
  compared: z
    .object({ drills: z.int().min(1), medianMs: ms, slower: z.boolean().optional() })
    .optional()
    .describe('With earlier drills that passed; missing when there is none.'),
  brokenOff: z.string().optional().describe('Why it came to no end; missing where it did.'),
  text: z.string().describe('One line for a person.'),
});

export const drillList = z.object({
  drills: z.array(drill).describe('Newest first.'),
  nextAt: time.optional().describe('When the schedule wants the next one; missing where there is no schedule.'),
});
