import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from './clock';
import { type Config, defaultScope } from './config/schema';
import { deriveKeys, parseMasterKey } from './config/secrets';
import { createCutters, memoryIn } from './cutters';
import { createLastResort, type LastResort } from './cutters/last-resort';
import { OrderDesk } from './desk/desk';
import { Results } from './desk/results';
import { api } from './intake/http/api';
import { internalApp, publicApp } from './intake/http/apps';
import { listen } from './intake/http/listen';
import { createTwilioSender, type Sender } from './intake/sms/sender';
import { outcomeText } from './intake/sms/texts';
import { twilioDoor } from './intake/sms/twilio';
import { Enforcer } from './latch/enforcer';
import { isCut } from './latch/latch';
import { openLedger } from './ledger/open';
import { records } from './ledger/records';
import { createAlarms } from './notify/alarms';
import { createChannels } from './notify/channels';
import { openOperatorsFile, operatorsPath } from './operators/file';
import type { Order } from './orders/order';
import { type Jobs, noQueue } from './queue/jobs';
import { startQueue } from './queue/queue';
import { LedgerWatch } from './supervision/ledger-watch';
import { type Part, readiness } from './supervision/readiness';
import { Troubles } from './supervision/troubles';

export interface PullcordOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly version: string;
  readonly now?: Clock;
  /** Where Twilio's REST API is, when it isn't Twilio's own: for the sandbox. */
  readonly twilioApiUrl?: string;
  /** A trouble that lasts for so long is told. Milliseconds. */
  readonly troubleGraceMs?: number;
}

export interface Pullcord {
  readonly publicUrl: string;
  readonly internalUrl: string;
  /** Lets what is under way come to an end, within 5 s, and leaves the latches as they are. */
  close(): Promise<void>;
}

const TROUBLE_GRACE_MS = 10_000;

/**
 * The whole program, put together: from the doors at the top to the gateways at the bottom.
 * @throws DataDirInUse, NotListening
 */
export async function startPullcord(options: PullcordOptions): Promise<Pullcord> {
  const { config, logger, version, now = Date.now, troubleGraceMs = TROUBLE_GRACE_MS } = options;
  const keys = deriveKeys(parseMasterKey(config.key));
  const randomId = (): string => randomUUID();
  const scopes = Object.keys(config.scopes);
  const closing = new AbortController();
  const background = (what: string, work: Promise<unknown>): void => {
    work.catch((error) => logger.warn({ err: error }, what));
  };

  const operators = openOperatorsFile({
    ...{ path: operatorsPath(config), keys, now },
    onTrouble: (message) => alarms.raise('operators', message),
  });
  const sender = senderOf(options);
  const alarms = createAlarms({ channels: createChannels({ config, operators, sender, now }), logger, now });
  const troubles = new Troubles({ raise: alarms.raise, clear: alarms.clear, graceMs: troubleGraceMs });

  const ledger = await openLedger({
    ...{ config, keys, now },
    onTrouble: (key, text, error) => {
      logger.error({ err: error }, text);
      alarms.raise(key, text);
    },
  });
  const { store, spool } = ledger;

  const lastResort: LastResort | undefined =
    config.lastResort &&
    createLastResort({
      config: config.lastResort,
      memory: memoryIn(store),
      onResult: ({ scope, order, by, ok, how, output }) => {
        logger.error({ scope, order, by, ok, how, output }, 'last resort');
        alarms.raise(`last-resort ${order}`, `${scope} is not seen to be cut. Last resort by ${by}: ${how}`);
        background(
          'the last resort could not be recorded',
          store.commit(() => ({
            entries: [{ kind: 'write', data: { cutter: `last resort ${by}`, order, what: how } }],
          })),
        );
      },
    });

  const cutters = createCutters({ config, store, logger, now });
  const enforcer = new Enforcer({
    ...{ store, spool, logger, now, scopes },
    cutters,
    periodMs: config.enforcer.periodSeconds * 1000,
    events: {
      settled: (latch, sight) => {
        const { scope, order } = latch;
        logger.info({ scope, order, state: latch.state, gateways: sight.gateways }, 'seen');
        alarms.tell({ kind: isCut(latch) ? 'severed' : 'restored', scope, order, at: now() });
      },
      drift: (cutter, what) => {
        logger.warn({ cutter }, what);
        alarms.raise(`drift ${cutter} ${what}`, `${cutter}: ${what}`);
      },
      trouble: (key, text) => troubles.trouble(key, text),
      cleared: (key, text) => troubles.cleared(key, text),
      unsettled: ({ scope, order, since }) => lastResort?.consider({ scope, order, since, now: now() }),
    },
  });

  const desk = new OrderDesk({
    ...{ config, store, spool, enforcer, operators, logger, now },
    events: {
      accepted: ({ number, action, scope, correlation }) => {
        background(
          'the queue did not take the order',
          jobs.add({ name: 'enforce', order: number, action, correlation }),
        );
        alarms.tell({ kind: action === 'sever' ? 'severing' : 'restoring', scope, order: number, at: now() });
      },
      alarm: alarms.raise,
    },
  });

  const watch = new LedgerWatch({
    refresh: () => store.refresh(),
    onAnswer: async () => {
      if (spool.all().length > 0) await desk.recordSpooled();
      enforcer.kick();
    },
    ...{ trouble: troubles.trouble.bind(troubles), cleared: troubles.cleared.bind(troubles) },
    ...{ logger, periodMs: config.enforcer.periodSeconds * 1000 },
  });

  const tell = async (order: Order): Promise<void> => {
    if (!sender || order.replyTo === undefined) return;
    const text = outcomeText(order, await desk.outcome(order, 0));
    const sent = await sender.send(order.replyTo, text);
    if (sent.ok) return;
    if (sent.retry) throw new Error(`the reply to order ${order.number} was not taken: ${sent.code}`);
    alarms.raise(`reply ${order.number}`, `${sent.advice} Not sent: ${text}`);
  };
  const results = new Results({
    ...{ desk, store, logger },
    deliver: (order) =>
      order.number > 0
        ? jobs.add({ name: 'reply', order: order.number, correlation: order.correlation }).catch(() => tell(order))
        : tell(order),
  });

  const place = config.redisUrl === undefined ? ledger.place : { redisUrl: config.redisUrl };
  const jobs: Jobs = place
    ? await startQueue({
        ...{ place, logger },
        handlers: {
          enforce: () => watch.look(),
          reply: async ({ order: number }) => {
            const order = await store.order(number);
            if (order) await tell(order);
          },
        },
      })
    : noQueue;

  const ready = async () =>
    readiness([
      ...cutters.map(({ name }): Part => partOf(`cutter ${name}`, name.startsWith('apisix '))),
      partOf('ledger', false),
      { name: 'queue', ok: jobs.healthy(), vital: false, detail: jobs.healthy() ? 'answers' : 'does not answer' },
      {
        name: 'operators',
        ok: operators.all().some((operator) => operator.rights.includes('stop')),
        vital: config.api.tokens.length === 0,
        detail: `${operators.all().length} operators`,
      },
      {
        name: 'sms',
        ok: config.sms.twilio !== undefined,
        vital: false,
        detail: config.sms.twilio ? 'configured' : 'not configured',
      },
    ]);
  const partOf = (key: string, vital: boolean): Part => {
    const trouble = troubles.of(key);
    return { name: key, ok: trouble === undefined, vital, detail: trouble ?? 'as it should be' };
  };

  await watch.start();
  enforcer.start();
  background('answers that are owed could not be looked up', results.resume());
  background('old requests could not be pruned', store.prune());

  const context = { log: logger, now, randomId };
  const internal = await listen(
    internalApp({
      ...context,
      routers: [
        api({
          ...{ desk, ready, version, now, randomId, log: logger, closing: closing.signal },
          records: records(store, keys.ledger, ledger.anchor),
          tokens: config.api.tokens,
          defaultScope: defaultScope(config),
          missing: (scope) => {
            const latch = store.mirror()?.latches.get(scope);
            return latch ? enforcer.sight(scope, isCut(latch), latch.order).missing : [];
          },
        }),
      ],
    }),
    config.listen.internal,
  );
  const sms = config.sms.twilio
    ? {
        twilio: twilioDoor({
          ...{ config, desk, results, logger, now, closing: closing.signal },
          alarm: alarms.raise,
          say: (to, text) => {
            background(
              'a text could not be sent',
              Promise.resolve(sender?.send(to, text)).then((sent) => {
                if (sent && !sent.ok) alarms.raise(`text ${to}`, `${sent.advice} Not sent: ${text}`);
              }),
            );
          },
        }),
      }
    : {};
  const outside = await listen(publicApp({ ...context, sms }), config.listen.public);
  background(
    'the start could not be recorded',
    store.commit(() => ({ entries: [{ kind: 'start', data: { version } }] })),
  );
  logger.info({ public: outside.url, internal: internal.url, version }, 'pullcord serves');

  return {
    publicUrl: outside.url,
    internalUrl: internal.url,
    close: async () => {
      closing.abort();
      await Promise.all([outside.close(), internal.close()]);
      await enforcer.close();
      await Promise.all([results.close(), watch.close(), lastResort?.close(500)]);
      desk.close();
      troubles.close();
      await jobs.close();
      await alarms.close();
      await store.commit(() => ({ entries: [{ kind: 'stop', data: { version } }] })).catch(() => undefined);
      await ledger.close();
    },
  };
}

function senderOf({ config, twilioApiUrl }: PullcordOptions): Sender | undefined {
  const { twilio } = config.sms;
  const [authToken] = twilio?.authTokens ?? [];
  const [from] = twilio?.numbers ?? [];
  if (!twilio || authToken === undefined || from === undefined) return undefined;
  return createTwilioSender({
    ...{ accountSid: twilio.accountSid, authToken, from },
    ...(twilioApiUrl === undefined ? {} : { baseUrl: twilioApiUrl }),
  });
}
