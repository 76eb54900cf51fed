import { z } from 'zod';

const usage = { spendUsd: z.number(), promptTokens: z.number(), completionTokens: z.number() };
const track = z.object({ ...usage, at: z.number(), turn: z.number(), process: z.string().optional() });
const series = z.object({
  tracks: z.array(track).readonly(),
  turn: z.number(),
  at: z.number(),
  since: z.number(),
  spent: z.object(usage),
});
const looks = z.object({ first: z.number(), at: z.number(), before: z.number() });
const named = <T extends z.ZodType>(what: T) => z.array(z.tuple([z.string(), what]).readonly()).readonly();

export const feedState = z.object({ sources: named(looks), processes: named(looks), series: named(series) });

/** All that is remembered of the counters. As JSON it survives a restart of Pullcord. */
export type FeedState = Readonly<z.infer<typeof feedState>>;
