import { z } from 'zod';
import type { ParsedMessage } from '../../orders/grammar';
import { formOfJson, MAX_PARAMETERS } from '../sms/form';

/** What `POST /api/v1/relay/twilio` takes and gives. */

/** Taken apart by hand: every pair counts, and `__proto__` is one like others. */
const formParameters = z
  .unknown()
  .meta({
    type: 'object',
    maxProperties: MAX_PARAMETERS,
    additionalProperties: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
  })
  .describe("The form's pairs, as they came; a key that came more than once has all its values.")
  .transform((json, ctx) => {
    const form = formOfJson(json);
    if (form) return form;
    ctx.addIssue(`an object of texts, or of lists of texts, at most ${MAX_PARAMETERS} in all`);
    return z.NEVER;
  });

export const relayBody = z.strictObject({
  url: z.string().max(2048).optional().describe('Where the webhook was called. Never believed: for a better refusal.'),
  signature: z.string().max(200).describe('The header X-Twilio-Signature.'),
  params: formParameters,
});

/** As in `ParsedMessage`. */
const understood = z.enum([
  ...([
    'sever',
    'restore',
    'status',
    'help',
    'fallback',
    'primary',
    'unknown-scope',
    'not-understood',
  ] satisfies ParsedMessage['kind'][]),
]);

export const relayReceipt = z
  .object({
    understood: understood.describe('What the message was taken for.'),
    order: z.int().min(1).optional().describe('The order that it led to, if that is known yet.'),
    refused: z.string().optional().describe('Why it led to none: a reason, as in problems.'),
    text: z.string().optional().describe('What the sender is told; for a token that has the right status, too.'),
  })
  .describe('A receipt. Pullcord texts the sender by itself.');
