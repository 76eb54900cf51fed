import { z } from 'zod';
import type { ConfigPath } from './fault';
import { httpUrl, name, secret } from './parts';
import { hashOfKey, VIRTUAL_KEY } from './virtual-key';

/** The block `tripwire:` of `pullcord.yaml`. Amounts are US dollars or tokens, as their names say. */

const usd = z.number().min(0.01);
const tokens = z.int().min(1);

const ceilingsIn = (amount: z.ZodNumber, what: string) =>
  z.strictObject({
    perMinute: amount.optional().describe(`${what} in one minute.`),
    perHour: amount.optional().describe(`${what} in one hour.`),
    perDay: amount.optional().describe(`${what} in 24 hours.`),
  });

/** Ceilings in US dollars, by window. */
export const usdCeilings = ceilingsIn(usd, 'US dollars');

const watched = {
  profile: z
    .enum(['agent', 'service'])
    .optional()
    .describe("agent: a helper whose spend comes in bouts; service: a program's own traffic, with wide margins."),
  dailyBudgetUsd: usd.optional().describe('US dollars that a day may cost. Shares of it count as ceilings.'),
  ceilings: z
    .strictObject({
      usd: ceilingsIn(usd, 'US dollars').optional().describe('Ceilings in US dollars.'),
      tokens: ceilingsIn(tokens, 'Tokens').optional().describe('Ceilings in tokens, for models that cost nothing.'),
    })
    .optional()
    .describe('Hard limits: beyond one of them it trips, whatever is usual.'),
  anomaly: z.boolean().optional().describe('Whether it also learns what is usual. false: ceilings alone.'),
} as const;

const cutting = {
  scope: name.optional().describe('What a trip of it severs. Left out: tripwire.scope.'),
  ...watched,
} as const;

const source = z.strictObject({
  url: httpUrl.describe("LiteLLM's proxy, without /metrics/."),
  token: secret
    .optional()
    .describe('A key that may read /metrics/. Left out: require_auth_for_metrics_endpoint is false.'),
  caFile: z.string().optional().describe('A certificate authority of your own, for https.'),
  timeoutMs: z.int().min(100).max(30_000).default(5_000).describe('How long one look may take.'),
  database: z
    .strictObject({
      viewerKey: secret.describe(
        'A key with the role proxy_admin_viewer: it reads names and budgets, and blocks nothing.',
      ),
      everySeconds: z.int().min(15).max(3_600).default(60).describe('How often the list of keys is read.'),
    })
    .optional()
    .describe(
      'Where LiteLLM has a database: names, teams and budgets of its keys, and a second look at what they spent.',
    ),
});

const key = z.strictObject({
  key: secret
    .regex(VIRTUAL_KEY, 'write the 64-digit hash, or sk-… by a variable')
    .transform((written) => hashOfKey(written) ?? written)
    .describe('The virtual key, by a variable, or its 64-digit hash.'),
  ...cutting,
});

export const tripwire = z
  .strictObject({
    mode: z
      .enum(['act', 'observe'])
      .default('act')
      .describe('observe: it tells and records what it would have cut, and cuts nothing.'),
    everySeconds: z.int().min(1).max(60).default(5).describe('How often the spend is looked at, give or take a tenth.'),
    litellm: z.array(source).min(1).describe('Each proxy that the agents use: each counts by itself.'),
    scope: name.optional().describe('What a trip severs, and blindness. Left out: what a STOP without a scope cuts.'),
    models: name
      .optional()
      .describe(
        "The scope whose routes lead to the models: what passes there and LiteLLM doesn't count is told. Left out: llm, or what a trip severs.",
      ),
    blind: z
      .strictObject({
        afterSeconds: z.int().min(10).default(300).describe('When nothing could be seen for so long.'),
        action: z.enum(['alert', 'sever']).default('alert').describe('alert: tell once more. sever: cut, too.'),
      })
      .prefault({})
      .describe('Nothing seen is not nothing spent: it is told at once, and more is done when it lasts.'),
    defaults: z
      .strictObject(watched)
      .prefault({})
      .describe(
        'For every key that does not say otherwise. Without ceilings and budgets here and there, cautious ones apply.',
      ),
    keys: z.record(name, key).default({}).describe('Virtual keys, under the names that texts call them by.'),
    teams: z
      .record(z.string().min(1).max(128), z.strictObject(cutting))
      .default({})
      .describe("Sums over the keys of LiteLLM's teams, by the team's id."),
    whole: z.strictObject(cutting).prefault({}).describe('The sum over all keys that are watched.'),
    others: z
      .enum(['trip', 'warn', 'ignore'])
      .default('trip')
      .describe('Keys that are not listed. trip: like the others. ignore: not even counted in the sum.'),
    timeZone: z
      .string()
      .refine(isTimeZone, 'write a time zone as IANA names it: Europe/Berlin')
      .default('UTC')
      .describe('In which explanations tell the time of day; they name it.'),
  })
  .superRefine(({ keys }, ctx) => {
    const seen = new Map<string, string>();
    for (const [own, { key: hash }] of Object.entries(keys)) {
      const twin = seen.get(hash);
      if (twin !== undefined)
        ctx.addIssue({ code: 'custom', path: ['keys', own, 'key'], message: `is the same key as ${twin}` });
      seen.set(hash, own);
    }
  });

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

export type Tripwire = z.infer<typeof tripwire>;
export type TripwireSource = Tripwire['litellm'][number];

/** Every scope that is named, and where. */
export function tripwireScopes(config: Tripwire): readonly { readonly scope: string; readonly at: ConfigPath }[] {
  const named = (scope: string | undefined, ...at: ConfigPath) => (scope === undefined ? [] : [{ scope, at }]);
  return [
    ...named(config.scope, 'scope'),
    ...named(config.models, 'models'),
    ...named(config.whole.scope, 'whole', 'scope'),
    ...(['keys', 'teams'] as const).flatMap((part) =>
      Object.entries(config[part]).flatMap(([own, { scope }]) => named(scope, part, own, 'scope')),
    ),
  ];
}
