import { z } from 'zod';

/** What `GET /api/v1/incidents/{number}` adds to an incident: what happened, from the first anomaly to the restore. */

const time = z.iso.datetime();
const sum = z
  .object({ usd: z.number().optional(), tokens: z.number().optional() })
  .describe('US dollars and tokens. Missing: nobody saw that, which is not nothing.');

const step = z.object({
  seq: z
    .int()
    .min(1)
    .optional()
    .describe('The line of the ledger that shows it; missing where it follows from others.'),
  at: time,
  afterMs: z.int().describe('Since the sever was accepted; negative before it. Milliseconds.'),
  kind: z
    .enum([
      'warned',
      'tripped',
      'order',
      'refusal',
      'write',
      'severed',
      'restored',
      'drift',
      'trouble',
      'fallback',
      'reply',
      'other',
    ])
    .describe('As in the ledger.'),
  who: z.string().optional().describe('Who did it: an operator, token:<name>, tripwire, or a cutter.'),
  text: z.string().describe('One sentence.'),
  evidence: z.record(z.string(), z.unknown()).optional().describe('What the ledger has of it.'),
});

const objectDiff = z.object({
  gateway: z.string(),
  object: z.string().describe('As the Admin API names it: routes/17, global_rules/pullcord-clamp.'),
  changes: z.array(
    z.object({
      path: z.string().describe('A JSON Pointer (RFC 6901) into the object; empty: the whole of it.'),
      before: z.unknown().optional().describe('Missing where there was nothing.'),
      after: z.unknown().optional().describe('Missing where there is nothing any more.'),
    }),
  ),
  restored: z.boolean().describe('Whether it is again as it was.'),
});

const cost = z.object({
  from: time.describe('When it began to spend beyond what is usual, as far as could be seen.'),
  spent: sum.describe('From then until the cut was seen.'),
  beyondUsual: sum.describe('Of it, what was more than usual at that hour.'),
  perMinute: sum.describe('In the last minutes before the cut.'),
  savedMinutes: z.number().min(0).describe('What the estimate of the savings reckons with.'),
  saved: sum.describe('What would have been spent beyond the usual, had the rate gone on for savedMinutes.'),
  estimate: z.string().describe('How the savings were reckoned, in one sentence.'),
});

export const story = z.object({
  timeline: z.array(step).describe('In the order of time.'),
  objects: z.array(objectDiff).describe('What was changed at the gateways, secrets blotted out.'),
  cost: cost.optional().describe('Missing where the tripwire saw nothing of it.'),
  truncated: z.boolean().optional().describe('true: there were more steps, or objects, than are told.'),
});

export const scopePath = z.strictObject({ scope: z.string().min(1).max(32).describe('One of the configured scopes.') });

/** `GET /api/v1/scopes/{scope}/restore`: exactly what a restore would bring back. */
export const restorePreview = z.object({
  scope: z.string(),
  routes: z
    .array(
      z.object({
        gateway: z.string(),
        id: z.string(),
        name: z.string().optional(),
        uris: z.array(z.string()),
        hosts: z.array(z.string()),
        how: z.enum(['clamp', 'rewrite', 'guard']).describe('How it is cut now.'),
      }),
    )
    .describe('They serve again.'),
  others: z.array(z.object({ cutter: z.string(), what: z.string() })).describe('What else is given back.'),
  stays: z
    .array(z.object({ gateway: z.string(), id: z.string(), why: z.string() }))
    .describe('What stays off, and why: another scope holds it, or it was off before.'),
  warnings: z.array(z.string()),
  operators: z.int().min(1).max(2).describe('How many operators a restore takes.'),
  pendingBy: z.string().optional().describe('The operator who has sent it first.'),
});

export type StoryAnswer = z.input<typeof story>;
export type RestorePreviewAnswer = z.input<typeof restorePreview>;
