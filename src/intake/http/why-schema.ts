import { z } from 'zod';

/** `GET /api/v1/why?subject=…`: who refuses a request, and what would change it. */

/** In the order in which a request meets them. */
export const layers = ['gateway', 'routes', 'clamp', 'guard', 'fallback', 'litellm', 'ledger'] as const;

const finding = z.object({
  layer: z.enum(layers),
  name: z.string().optional().describe('Which gateway, or which LiteLLM.'),
  verdict: z
    .enum(['passes', 'refuses', 'unknown', 'skipped'])
    .describe('unknown: it could not be asked, which clears it of nothing.'),
  text: z.string().describe('One sentence: what was seen there.'),
  evidence: z.record(z.string(), z.unknown()).optional(),
});

export const why = z.object({
  subject: z.string().describe('As it was asked.'),
  kind: z.enum(['request', 'path', 'key', 'scope']).describe('What it was taken for.'),
  refused: z.boolean().optional().describe('Missing: nobody could tell.'),
  by: z.enum(layers).optional().describe('Who refuses.'),
  answer: z.string().describe('One line: who refuses, and why.'),
  todo: z.string().describe('What would change it; where nobody refuses, where to look next.'),
  findings: z.array(finding).describe('Layer by layer, in the order in which a request meets them.'),
});

export type WhyAnswer = z.input<typeof why>;
