import { z } from 'zod';
import { cronFault, isTimeZone } from '../cron';

/** The block `drills:` of `pullcord.yaml`. */
export const drills = z.strictObject({
  schedule: z
    .string()
    .superRefine((cron, ctx) => {
      const message = cronFault(cron);
      if (message !== undefined) ctx.addIssue({ code: 'custom', message });
    })
    .optional()
    .describe(
      'When one is made by itself: a cron expression of five fields, 0 9 * * 1 for Mondays at nine. Left out: never.',
    ),
  timeZone: z
    .string()
    .refine(isTimeZone, 'no such time zone: write it as the IANA does, Europe/Berlin')
    .default('UTC')
    .describe('Where the clock of the schedule hangs.'),
  overdueDays: z
    .int()
    .min(1)
    .max(400)
    .default(35)
    .describe('How old the last drill that came to its end may be until that is reported.'),
});
