import { z } from 'zod';

/** `GET /api/v1/spend/history?span=hour|day|week`: what was spent, as it can be drawn. Amounts are US dollars and tokens. */

const time = z.iso.datetime();
const series = z.array(z.number().nullable()).describe('One value a step; null: nobody saw it. That is not nothing.');

const line = z.object({
  name: z.string().describe('A key, by its name, or a model; "other": all that are not named.'),
  usd: series,
  tokens: series,
});

export const spendHistory = z.object({
  span: z.enum(['hour', 'day', 'week']),
  from: time,
  stepSeconds: z.int().min(1),
  steps: z.int().min(1).describe('The last of them still runs.'),
  all: z.object({ usd: series, tokens: series }),
  keys: z.array(line).describe('The dearest first, at most eight, then "other".'),
  models: z.array(line).describe('The dearest first, at most eight, then "other".'),
  bounds: z
    .object({
      usual: series.describe('What the tripwire expects in such a step at that hour. US dollars.'),
      floor: series.describe('Below it nothing trips. US dollars in such a step.'),
      ceiling: series.describe('Above it it always trips. US dollars in such a step.'),
      trips: series.describe('What would have tripped then, by its own expectation. US dollars in such a step.'),
    })
    .describe('Of all keys together; null where unknown.'),
  marks: z
    .array(
      z.object({
        at: time,
        kind: z.enum(['warned', 'tripped', 'severed', 'restored']),
        subject: z.string(),
        text: z.string(),
        incident: z.int().min(1).optional(),
      }),
    )
    .describe('In the order of time, at most 200: the newest.'),
  marksMissing: z.boolean().optional().describe('true: the ledger did not answer, and nobody knows the marks.'),
});

export type SpendHistoryAnswer = z.input<typeof spendHistory>;
