import { z } from 'zod';
import type { Rule } from '../../tripwire/signal';

/** What `GET /api/v1/spend` gives. Amounts are US dollars and tokens, times RFC 3339 in UTC. */

const time = z.iso.datetime();
const sum = z.object({ usd: z.number(), tokens: z.number() });
const unit = z.enum(['usd', 'tokens']);
const subjectKind = z.enum(['key', 'team', 'whole']);

/** As in `Rule`. */
const rules: readonly Rule[] = [
  ...(['ceiling', 'budget', 'level', 'loop', 'cold-start', 'price', 'growth', 'sustained', 'blind'] as const),
];

export const figures = z
  .object({
    level: z.enum(['warn', 'trip']),
    rule: z.enum(rules),
    subject: z.object({ kind: subjectKind, id: z.string(), name: z.string() }),
    unit,
    windowSeconds: z.number().describe('What the amounts are about, back from `at`.'),
    observed: z.number(),
    usual: z.number().describe('In such a window, at this hour.'),
    limit: z.number().describe('What was exceeded.'),
    since: time,
    at: time,
    beyondUsual: z.number().describe('Spent since then, beyond what is usual.'),
    beyondUsualPerMinute: z.number().describe('What a cut saves in each minute.'),
    usedUpAt: time.optional().describe('When the budget is used up at the present rate.'),
  })
  .describe('The figures of one signal; in events and in the ledger, too.');

const subject = z.object({
  kind: subjectKind,
  id: z.string().describe("The key's SHA-256, the team's id, or *."),
  name: z.string(),
  scope: z.string().describe('What a trip of it severs.'),
  severs: z.boolean().describe('false: a trip of it is told, and severs nothing.'),
  spent: z.object({ minute: sum, hour: sum, day: sum }).describe('In the last minute, hour and 24 hours.'),
  usualUsd: z.number().optional().describe('US dollars a minute that are usual at this hour; missing while unknown.'),
  tripUsd: z.number().optional().describe('US dollars in one minute that would trip now.'),
  ceilings: z.array(z.object({ unit, windowSeconds: z.number(), limit: z.number() })),
  dailyBudgetUsd: z.number().optional().describe('As it is configured here.'),
  budget: z
    .object({
      maxUsd: z.number().optional(),
      remainingUsd: z.number().optional(),
      resetsAt: time.optional(),
      usedUpAt: time.optional().describe('At the rate of the last hour.'),
    })
    .optional()
    .describe('As LiteLLM has it.'),
  standing: z
    .object({ level: z.enum(['warn', 'trip']), explanation: z.string(), figures })
    .optional()
    .describe('A trip or a warning of the last ten minutes.'),
});

export const spend = z.object({
  mode: z.enum(['act', 'observe']).describe('observe: it cuts nothing.'),
  at: time,
  sources: z.array(
    z.object({
      name: z.string(),
      sees: z.boolean().describe('false: what is spent there may go unseen. That is not nothing.'),
      lookedAt: time.optional().describe('The newest look.'),
      blindSince: time.optional(),
      troubles: z.array(z.string()),
    }),
  ),
  subjects: z.array(subject).describe('All keys together first, then what is configured, then the dearest.'),
  models: z.array(z.object({ model: z.string(), hour: sum, day: sum })).describe('The dearest first.'),
});
