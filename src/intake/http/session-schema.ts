import { z } from 'zod';
import { right } from '../../config/schema';

/** Signing in at the console. Times are RFC 3339 in UTC. */

const time = z.iso.datetime();

export const sessionBody = z.strictObject({
  operator: z.string().min(1).max(64),
  code: z
    .string()
    .regex(/^\d{6}$/, 'the 6 digits that the app shows')
    .describe('A fresh one-time password. It is used up by signing in: a restore takes the next one.'),
});

export const session = z.object({
  name: z.string().describe("The operator's name, or what the identity provider calls the person."),
  operator: z.string().optional().describe('The operator whose codes a restore takes; missing: none is known.'),
  rights: z.array(right).describe('What the person may do. Restoring takes a fresh code besides.'),
  by: z.enum(['code', 'openid']),
  until: time.describe('15 minutes after it began.'),
});

export const signInWays = z.object({
  code: z.literal(true),
  openid: z.object({ name: z.string() }).optional().describe('The identity provider, where one is configured.'),
});

export type SessionAnswer = z.input<typeof session>;
export type SignInWaysAnswer = z.input<typeof signInWays>;
