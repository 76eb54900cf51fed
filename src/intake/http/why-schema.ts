import { z } from 'zod';
import { layers } from '../../why/finding';
import { BARE_KEY, subjectKinds } from '../../why/subject';

/** `GET /api/v1/why?subject=…`: who refuses a request, and what would change it. */

/** Ends of lines and Unicode's category Cc. */
const CONTROL = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029';

export const whyQuery = z.strictObject({
  subject: z
    .string()
    .min(1)
    .max(2_000)
    .regex(new RegExp(`^[^${CONTROL}]*$`), 'one line, without control characters')
    .refine((text) => !BARE_KEY.test(text), 'a key must not stand in an address: send its SHA-256 in its place')
    .describe(
      "A request id; a path as /v1/x, METHOD /v1/x or a URL; a LiteLLM key by its SHA-256 or its alias, never in clear; or a scope. A path's query is not looked at.",
    ),
  as: z.enum(subjectKinds).optional().describe('What it is to be taken for. Left out: by its looks.'),
});

const finding = z.object({
  layer: z.enum(layers),
  name: z.string().optional().describe('Which gateway, which LiteLLM, or which scope.'),
  verdict: z
    .enum(['passes', 'refuses', 'unknown', 'skipped'])
    .describe('unknown: it could not be asked, which clears it of nothing.'),
  text: z.string().describe('One sentence: what was seen there.'),
  evidence: z.record(z.string(), z.unknown()).optional(),
});

export const why = z.object({
  subject: z.string().describe('As it was asked; of a path without its query.'),
  kind: z.enum(subjectKinds).describe('What it was taken for.'),
  refused: z.boolean().optional().describe('Missing: nobody could tell.'),
  by: z.enum(layers).optional().describe('Who refuses.'),
  answer: z.string().describe('One line: who refuses, and why.'),
  todo: z.string().describe('What would change it; where nobody refuses, where to look next.'),
  findings: z.array(finding).describe('Layer by layer, in the order in which a request meets them.'),
});

export type WhyAnswer = z.input<typeof why>;
