import { z } from 'zod';
import { httpUrl, name } from './parts';
import { usdCeilings } from './tripwire';

const SECOND_MS = 1000;

const probe = z.strictObject({
  url: httpUrl.describe(
    'An address of the primary that answers 200 and costs nothing: /api/version of Ollama, /health/liveliness of LiteLLM. Never one that generates.',
  ),
  periodSeconds: z.int().min(1).max(60).default(5).describe('How often it is asked.'),
  timeoutMs: z
    .int()
    .min(100)
    .max(30_000)
    .default(2 * SECOND_MS)
    .describe('No answer in this time is a failure.'),
});

/** As APISIX takes them. */
const id = z.string().regex(/^[a-zA-Z0-9_.-]{1,64}$/, 'letters, digits, _ . - as in the gateway');

/** One way out of the house that the gateway may take when the own inference is down. */
export const fallback = z
  .strictObject({
    gateway: name.describe('Which of `gateways` has it.'),
    upstream: id.optional().describe('The id of the upstream whose other nodes are the fallback.'),
    route: id.optional().describe('The id of the route with `ai-proxy-multi` whose other instances are the fallback.'),
    primary: z
      .array(z.string().min(1))
      .min(1)
      .describe('What stays in the house: nodes as host:port, or names of instances. All others are the fallback.'),
    scopes: z
      .array(name)
      .optional()
      .describe('Scopes that hold it: a STOP of one of them forbids it. Left out: every scope does.'),
    decide: z
      .enum(['auto', 'ask', 'never'])
      .default('ask')
      .describe(
        'Who goes over when the primary fails. auto: Pullcord, and tells. ask: an operator by FALLBACK and a code.',
      ),
    failures: z.int().min(1).max(1_000).default(5).describe('So many failures of the primary ...'),
    withinSeconds: z.int().min(5).max(3_600).default(60).describe('... within so long, and it counts as down.'),
    wellForSeconds: z
      .int()
      .min(5)
      .max(86_400)
      .default(120)
      .describe('So long without a failure, and it counts as well again.'),
    forSeconds: z.int().min(60).max(604_800).default(7_200).describe('How long the fallback may be used at a time.'),
    maxUsd: z
      .number()
      .positive()
      .optional()
      .describe('How much it may spend at a time. Left out: no limit of its own.'),
    models: z
      .array(z.string().min(1))
      .default([])
      .describe("Models, as LiteLLM's metrics call them, whose spend counts as the fallback's."),
    ceilings: usdCeilings
      .optional()
      .describe("The tripwire's ceilings while it is used, for every key and sum, beside those that are set for them."),
    whenOver: z
      .enum(['primary', 'refuse'])
      .default('primary')
      .describe('When time or money is up. primary: back to it, down or not. refuse: sever `severs`, too.'),
    severs: name.optional().describe('The scope that `refuse` severs. Left out: the default scope.'),
    deployments: z
      .array(z.string().min(1))
      .default([])
      .describe(
        "The primary's deployments, as LiteLLM's metrics call them (litellm_model_name or model_id): calls to them that fail count, too. Left out: LiteLLM isn't asked.",
      ),
    probe: probe.optional().describe("Pullcord's own look at the primary. Left out: it goes by the gateway's checks."),
  })
  .superRefine((value, ctx) => {
    if ((value.upstream === undefined) === (value.route === undefined))
      ctx.addIssue({ code: 'custom', path: ['upstream'], message: 'name either the upstream or the route' });
    if (value.maxUsd !== undefined && value.models.length === 0)
      ctx.addIssue({ code: 'custom', path: ['models'], message: 'name the models whose spend maxUsd limits' });
  });
export type FallbackConfig = z.infer<typeof fallback>;
