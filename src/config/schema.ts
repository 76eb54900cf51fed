import { z } from 'zod';
import { DRILL_SCOPE } from '../orders/drill';
import { consoleOptions } from './console';
import { drills } from './drills';
import { fallback } from './fallback';
import { checkFallbacks } from './fallback-names';
import { e164, httpUrl, listen, name, secret } from './parts';
import { tracing } from './tracing';
import { type Tripwire, tripwire, tripwireScopes } from './tripwire';

export { type Right, right } from './right';

/**
 * `pullcord.yaml`, as one schema: it validates at start, gives the types, and is published as
 * `docs/pullcord.schema.json`. Defaults stand here and nowhere else; units stand in the names.
 */

const SECOND_MS = 1000;
const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 60 * MINUTE_SECONDS;

/**
 * What a program may do. `stop`: sever; `status`: look; `events`: have events sent to it; `relay`: hand on text messages
 * that somebody else signed, which gives it no right of its own; `drill`: rehearse on the canary route.
 */
export const tokenRight = z.enum(['stop', 'status', 'events', 'relay', 'drill']);
export type TokenRight = z.infer<typeof tokenRight>;

const selector = z
  .strictObject({
    all: z.literal(true).optional().describe('Every route of the gateway.'),
    id: z.string().optional().describe('The id of the route.'),
    name: z.string().optional().describe('The name of the route; * stands for any characters.'),
    label: z.string().optional().describe('`key` or `key=value`.'),
    uri: z
      .string()
      .optional()
      .describe('Matches the pattern of the route as it is written; * stands for any characters.'),
    service: z.string().optional().describe('The id of the service that the route belongs to.'),
  })
  .refine((s) => Object.keys(s).length > 0, 'name at least one of all, id, name, label, uri, service');

const probe = z.strictObject({
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]*$/, 'begin with /, and write other than visible ASCII as %XX')
    .describe('What the probe asks for.'),
  method: z
    .enum(['HEAD', 'GET', 'OPTIONS', 'POST'])
    .default('HEAD')
    .describe('One that the route serves and that costs nothing upstream.'),
  host: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .optional()
    .describe('The Host header, where the route wants one.'),
  headers: z.record(z.string(), z.string()).default({}).describe('More headers, where the route wants them.'),
});

const scope = z.strictObject({
  routes: z
    .array(selector)
    .min(1)
    .describe('Routes of the scope: those that any of these matches. Keys of one entry must all match.'),
  except: z.array(selector).default([]).describe('Routes that are left alone although `routes` names them.'),
  probes: z
    .array(probe)
    .default([])
    .describe(
      'Requests that show whether the scope is cut. Left out, they are derived from the patterns of its routes.',
    ),
});

const guard = z.strictObject({
  controlUrls: z
    .array(httpUrl)
    .min(1)
    .describe("APISIX's Control API of every node, http://<node>:9090: one guard is in each gateway process."),
  secret: secret
    .refine((text) => text.length >= 32, 'too short: make one with openssl rand -hex 32')
    .describe('32 characters at least, the same as in plugin_attr of the gateways.'),
});

const gateway = z.strictObject({
  adminUrl: httpUrl.describe("APISIX's Admin API, without /apisix/admin."),
  adminKey: secret.describe("An Admin API key that may write (APISIX's role `admin`)."),
  gatewayUrls: z.array(httpUrl).min(1).describe('Every node that serves traffic: each of them is probed.'),
  metricsUrls: z
    .array(httpUrl)
    .min(1)
    .optional()
    .describe(
      'Metrics of every node (plugin prometheus), http://<node>:9091/apisix/prometheus/metrics: the tripwire counts there what passes by LiteLLM. Left out: nobody counts it.',
    ),
  controlUrl: httpUrl.optional().describe("APISIX's Control API, for what it can tell beside the probes."),
  guard: guard
    .optional()
    .describe(
      'The guard plugin (docs/guard.md): cuts at once when etcd or the Admin API is dead, and reaches what drains after a reload. Left out: there is none.',
    ),
  method: z
    .enum(['auto', 'clamp', 'rewrite'])
    .default('auto')
    .describe('auto: the clamp, and the rewrite where it does not hold.'),
  caFile: z.string().optional().describe('A certificate authority of your own, for https.'),
  timeoutMs: z
    .int()
    .min(100)
    .max(10_000)
    .default(2 * SECOND_MS)
    .describe('How long one request to the Admin API or one probe may take.'),
  probeConnections: z
    .int()
    .min(1)
    .max(32)
    .default(4)
    .describe('Fresh connections for each probe: different workers answer.'),
  climbAfterMs: z
    .int()
    .min(200)
    .default(3 * SECOND_MS)
    .describe('When the refusal was not seen for so long, the next rung is climbed.'),
});

const twilio = z.strictObject({
  accountSid: z
    .string()
    .regex(/^AC[0-9a-f]{32}$/i, 'write AC and 32 hexadecimal digits, as in the Twilio console')
    .describe('Messages of other accounts are refused.'),
  authTokens: z.array(secret).min(1).max(2).describe('Two while one is being rotated; the first is used to send.'),
  numbers: z
    .array(e164)
    .min(1)
    .describe('Your Twilio numbers: other values of To are refused. The first is used to send.'),
  webhookUrl: httpUrl.optional().describe('What Twilio calls, when it is not publicUrl + /sms/twilio.'),
  relayUrls: z
    .array(httpUrl)
    .max(5)
    .default([])
    .describe(
      'Webhooks of n8n that Twilio calls, and that hand the message on: signatures are checked against these. Left out: nobody relays.',
    ),
});

const token = z.strictObject({
  name: name.describe('Stands in the ledger for whoever bears the token.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'write the SHA-256 of the token, 64 hexadecimal digits: see pullcord token new')
    .describe('The SHA-256 of the token; `pullcord token new` prints both.'),
  rights: z
    .array(tokenRight)
    .min(1)
    .describe(
      'What the bearer may do. stop: sever; status: look; events: have events sent to it; relay: hand on text messages that Twilio signed; drill: rehearse. A token never restores.',
    ),
});

const litellmCutter = z.strictObject({
  url: httpUrl.describe("LiteLLM's proxy."),
  adminKey: secret.describe('A key of LiteLLM that may block others; not one with the role proxy_admin_viewer.'),
  keys: z.array(secret).min(1).describe('Virtual keys to block: their 64-digit hashes, or sk-… by a variable.'),
  scopes: z.array(name).min(1).describe('The scopes that it takes part in.'),
  required: z.boolean().default(false).describe('Whether "severed" waits for it.'),
});

const webhookCutter = z.strictObject({
  name: name.describe('Stands in replies and the ledger.'),
  url: httpUrl.describe('Where the goal is posted as JSON.'),
  secret: secret.optional().describe('Signs the body: X-Pullcord-Signature, HMAC-SHA256.'),
  scopes: z.array(name).optional().describe('The scopes that it takes part in. Left out: all.'),
  required: z.boolean().default(false).describe('Whether "severed" waits for it.'),
});

const lastResort = z.strictObject({
  afterSeconds: z.int().min(1).default(15).describe('When "severed" was not seen for so long.'),
  command: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Program and arguments; {scope} and {order} are filled in. No shell.'),
  webhook: httpUrl.optional().describe('Where the cry for help is posted as JSON.'),
});

const heartbeat = z.strictObject({
  url: httpUrl.describe(
    'What is pinged, as healthchecks.io or Uptime Kuma (monitor type Push) shows it. Whoever knows it can ping in our place: take it from the environment.',
  ),
  periodSeconds: z
    .int()
    .min(10)
    .max(3_600)
    .default(MINUTE_SECONDS)
    .describe('How often. Let the watcher wait for three of them before it calls you.'),
  kind: z
    .enum(['auto', 'healthchecks', 'uptime-kuma'])
    .default('auto')
    .describe(
      'How it wants to be told. auto: an address with /api/push/ is Uptime Kuma, every other one healthchecks.io.',
    ),
  downWhen: z
    .enum(['disarmed', 'degraded'])
    .default('disarmed')
    .describe('From when on it is told "down". disarmed: a stop would not work; degraded: any part is in trouble.'),
});

export const configSchema = z
  .strictObject({
    publicUrl: httpUrl.describe(
      'How the internet reaches the public listener. Signatures are checked against this, never against Host.',
    ),
    listen: z
      .strictObject({
        public: listen.default('0.0.0.0:8080').describe('What the internet may see: text messages alone.'),
        internal: listen.default('127.0.0.1:8081').describe('The API: for your own network alone.'),
      })
      .prefault({})
      .describe('The two listeners, as address:port.'),
    dataDir: z
      .string()
      .default('data')
      .describe(
        'The embedded ledger, and what has to survive when the ledger does not answer. Relative to this file. Left out: PULLCORD_DATA_DIR, or data.',
      ),
    operatorsFile: z.string().optional().describe('Relative to this file. Left out: operators.json in dataDir.'),
    key: secret.describe(
      '32 bytes, as 64 hexadecimal digits or base64: encrypts secrets and snapshots, seals the ledger. Left out: PULLCORD_KEY. Make one: openssl rand -hex 32',
    ),
    databaseUrl: z.string().optional().describe('Postgres. Left out: DATABASE_URL, or embedded in dataDir.'),
    redisUrl: z
      .string()
      .optional()
      .describe('Redis for the queue. Left out: REDIS_URL, or the queue lives where the ledger does.'),
    gateways: z
      .record(name, gateway)
      .refine((g) => Object.keys(g).length > 0, 'name at least one gateway')
      .describe('Each APISIX that is cut, under a name of yours. "Severed" is said when all of them refuse.'),
    scopes: z
      .record(name, scope)
      .refine((s) => Object.keys(s).length > 0, 'name at least one scope')
      .describe('Parts of the gateways that are cut as one, by the name that is texted: STOP llm 492039.'),
    fallbacks: z
      .record(name, fallback)
      .default({})
      .describe(
        'Ways out of the house for the day when the own inference is down, by the name that is texted: STOP fallback 492039.',
      ),
    defaultScope: name.optional().describe('What a STOP without a scope cuts. Left out: agent, or the only one.'),
    sms: z
      .strictObject({
        twilio: twilio.optional().describe('Text messages by Twilio.'),
        bareStop: z
          .enum(['refuse', 'sever'])
          .default('refuse')
          .describe('What a STOP without a code does. Twilio takes it for an opt-out: no reply can be sent.'),
      })
      .prefault({})
      .describe('Orders by text message.'),
    restore: z
      .strictObject({
        operators: z.int().min(1).max(2).default(1).describe('2: a second, different operator has to confirm.'),
        withinSeconds: z
          .int()
          .min(60)
          .default(10 * MINUTE_SECONDS)
          .describe('Within how long the second one has to follow.'),
      })
      .prefault({})
      .describe('What a RESTORE needs, beside an operator and a fresh one-time password.'),
    throttle: z
      .strictObject({
        restoreFailures: z
          .int()
          .min(1)
          .max(50)
          .default(5)
          .describe('Wrong codes of one operator until restore is locked.'),
        stopFailures: z
          .int()
          .min(1)
          .max(50)
          .default(20)
          .describe('Wrong codes of one operator until stop wants a backup code.'),
        overallFailures: z
          .int()
          .min(1)
          .default(30)
          .describe('Wrong codes of all operators until restore is locked for all.'),
        windowSeconds: z
          .int()
          .min(60)
          .default(6 * HOUR_SECONDS)
          .describe('For how long a wrong code counts.'),
      })
      .prefault({})
      .describe('Wrong codes lock RESTORE early and STOP late; backup codes are never locked.'),
    api: z
      .strictObject({
        tokens: z.array(token).default([]).describe('Bearer tokens of programs, for instance n8n.'),
      })
      .prefault({})
      .describe('Orders over HTTP, on the internal listener.'),
    console: consoleOptions.prefault({}).describe('The page for people, at /console on the internal listener.'),
    cutters: z
      .strictObject({
        litellm: z.array(litellmCutter).default([]).describe('Block the keys of an agent at LiteLLM.'),
        webhooks: z.array(webhookCutter).default([]).describe('Tell the goal to a system of your own.'),
      })
      .prefault({})
      .describe('What else is cut at the same moment as the gateways.'),
    lastResort: lastResort.optional().describe('What to do when the gateways are not seen to refuse.'),
    tripwire: tripwire.optional().describe("Watches LiteLLM's spend and cuts by itself. Left out: it is off."),
    tracing: tracing
      .optional()
      .describe("Each order's way as a trace of OpenTelemetry (docs/observability). Left out: nothing is traced."),
    heartbeat: heartbeat
      .optional()
      .describe("Pings a watcher outside, so that Pullcord's own death is noticed. Left out: nobody notices."),
    drills: drills.prefault({}).describe('Rehearsals of the whole way, on canary routes of their own.'),
    notify: z
      .strictObject({
        sms: z.boolean().default(true).describe('Tell alarms to all operators by text message.'),
        webhooks: z
          .array(
            z.strictObject({
              url: httpUrl.describe('Where the event is posted as JSON.'),
              secret: secret.optional().describe('Signs the body: X-Pullcord-Signature, HMAC-SHA256.'),
            }),
          )
          .default([])
          .describe('Tell events to others, for instance n8n.'),
      })
      .prefault({})
      .describe('Who hears of orders and alarms.'),
    enforcer: z
      .strictObject({
        periodSeconds: z
          .int()
          .min(1)
          .max(60)
          .default(5)
          .describe('How often the gateways are compared with the latches.'),
      })
      .prefault({})
      .describe('The loop that makes the gateways match the latches, and keeps them so.'),
    bounds: z
      .strictObject({
        ledgerMs: z
          .int()
          .min(50)
          .max(5_000)
          .default(500)
          .describe('How long a STOP waits for the ledger before it goes on without.'),
        replyMs: z
          .int()
          .min(500)
          .max(10_000)
          .default(5 * SECOND_MS)
          .describe('How long the answer to a text message waits for the result.'),
      })
      .prefault({})
      .describe('How long something is waited for.'),
    log: z
      .strictObject({
        level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('The least that is logged.'),
      })
      .prefault({})
      .describe('JSON lines on the standard output.'),
  })
  .superRefine(checkScopeNames, { when: readable('scopes', 'defaultScope', 'cutters', 'tripwire') })
  .superRefine(checkFallbacks, { when: readable('scopes', 'fallbacks', 'gateways', 'tripwire') });

/** Also when other parts are faulty: all faults are reported at once. */
function readable(...parts: readonly unknown[]) {
  return ({ value, issues }: z.core.ParsePayload): boolean =>
    value instanceof Object && 'scopes' in value && !issues.some(({ path }) => parts.includes(path?.[0]));
}

interface ScopeNames {
  readonly scopes: Readonly<Record<string, unknown>>;
  readonly defaultScope?: string | undefined;
  readonly cutters: Readonly<Record<string, readonly { readonly scopes?: readonly string[] | undefined }[]>>;
  readonly tripwire?: Tripwire | undefined;
}

function checkScopeNames(config: ScopeNames, ctx: z.RefinementCtx): void {
  const scopes = Object.keys(config.scopes);
  const known = (value: string, path: (string | number)[]): void => {
    if (!scopes.includes(value))
      ctx.addIssue({ code: 'custom', path, message: `no such scope; there are: ${scopes.join(', ')}` });
  };
  if (scopes.includes(DRILL_SCOPE))
    ctx.addIssue({
      code: 'custom',
      path: ['scopes', DRILL_SCOPE],
      message: 'this name is reserved for drills (pullcord drill); take another one',
    });
  if (config.defaultScope !== undefined) known(config.defaultScope, ['defaultScope']);
  else if (scopes.length > 1 && !scopes.includes('agent'))
    ctx.addIssue({
      code: 'custom',
      path: ['defaultScope'],
      message: 'several scopes and none is called agent: name the one that STOP cuts',
    });
  for (const [kind, cutters] of Object.entries(config.cutters))
    cutters.forEach((cutter, i) => cutter.scopes?.forEach((s, j) => known(s, ['cutters', kind, i, 'scopes', j])));
  for (const { scope, at } of config.tripwire ? tripwireScopes(config.tripwire) : []) known(scope, ['tripwire', ...at]);
}

export type Config = z.infer<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
export type ScopeConfig = Config['scopes'][string];
export type GatewayConfig = Config['gateways'][string];
export type RouteSelector = ScopeConfig['routes'][number];
export type ProbeConfig = ScopeConfig['probes'][number];

/** What a STOP without a scope cuts. */
export function defaultScope(config: Config): string {
  const scopes = Object.keys(config.scopes);
  return config.defaultScope ?? (scopes.includes('agent') ? 'agent' : (scopes[0] as string));
}
