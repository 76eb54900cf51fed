import type { RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import type { Clock } from '../clock';
import { type Config, defaultScope } from '../config/schema';
import type { PreviewRestore } from '../desk/restore-preview';
import type { SignIns } from '../desk/sign-ins';
import type { FallbacksService } from '../fallback';
import { heldBy } from '../fallback/holders';
import type { Records } from '../ledger/records';
import type { Subscriptions } from '../notify/events/subscriptions';
import type { Operators } from '../operators/operator';
import type { Desk } from '../orders/desk';
import type { Drills } from '../supervision/drill/drills';
import type { Readiness } from '../supervision/readiness';
import type { Tracing } from '../tracing';
import type { Spend } from '../tripwire/spend';
import type { Why } from '../why';
import { openConsole } from './console';
import { type ApiOptions, api } from './http/api';
import { internalApp, publicApp } from './http/apps';
import { type Listener, listen } from './http/listen';
import { problemAnswer } from './http/malformed';
import { createConversation } from './sms/conversation';
import { createRelay, type Relay } from './sms/relay';
import type { Results } from './sms/text-message';
import { twilioDoor } from './sms/twilio';
import { Ways } from './sms/ways';

export interface DoorsOptions {
  readonly config: Config;
  readonly desk: Desk;
  readonly records: Records;
  readonly results: Results;
  readonly drills: Drills;
  /** Undefined where none is configured. */
  readonly fallbacks?: FallbacksService | undefined;
  readonly ready: () => Promise<Readiness>;
  /** What is missing until the state of this scope is seen, in words. */
  readonly missing: (scope: string) => readonly string[];
  readonly standing: ApiOptions['standing'];
  readonly pulse: ApiOptions['pulse'];
  /** What the tripwire sees; undefined where there is none. */
  readonly spend: (limit: number) => Spend | undefined;
  readonly spendHistory?: ApiOptions['spendHistory'];
  readonly measure?: ApiOptions['measure'];
  readonly why: Why;
  readonly subscriptions: Subscriptions;
  /** What else is on the internal listener. */
  readonly beside: readonly Router[];
  readonly previewRestore: PreviewRestore;
  readonly operators: Pick<Operators, 'byName'>;
  readonly signIns: SignIns;
  /** Signs the cookies of the console. */
  readonly consoleKey: Buffer;
  readonly say: (to: string, text: string) => void;
  readonly alarm: (key: string, text: string) => void;
  readonly closing: AbortSignal;
  readonly tracing: Pick<Tracing, 'door'>;
  readonly logger: Logger;
  readonly now: Clock;
  readonly randomId: () => string;
  readonly version: string;
}

export interface Doors {
  readonly publicUrl: string;
  readonly internalUrl: string;
  close(): Promise<void>;
}

/** How long requests in flight may take to end. Milliseconds. */
const CLOSE_WITHIN_MS = 2_000;

/**
 * Opens both listeners: the public one with the text message providers that are configured, the internal one with the
 * API. Both or none.
 * @throws NotListening
 */
export async function openDoors(options: DoorsOptions): Promise<Doors> {
  const { config, desk, records, ready, missing, spend, closing, logger, now, randomId, version } = options;
  const context = { log: logger, now, randomId };
  const texts = openTexts(options);
  const people = openConsole({ ...options, key: options.consoleKey });
  const routers = [
    api({
      ...{ drills: options.drills, fallbacks: options.fallbacks, fallbacksOf: (scope) => heldBy(config, scope) },
      spendHistory: options.spendHistory,
      measure: options.measure,
      why: options.why,
      ...{ desk, records, ready, missing, spend, relay: texts?.relay, version, now, randomId, closing, log: logger },
      previewRestore: options.previewRestore,
      ...{ subscriptions: options.subscriptions, tokens: config.api.tokens, defaultScope: defaultScope(config) },
      ...{ standing: options.standing, pulse: options.pulse },
      ...{ signIns: options.signIns, sessions: people.sessions, origin: people.origin, openid: config.console.openid },
    }),
    ...options.beside,
    ...people.routers,
  ];
  const inside = await listen(
    internalApp({ ...context, traced: options.tracing.door('http'), routers }),
    config.listen.internal,
    {
      malformed: problemAnswer,
    },
  );
  let outside: Listener;
  try {
    outside = await listen(
      publicApp({ ...context, traced: options.tracing.door('sms'), sms: texts ? { twilio: texts.webhook } : {} }),
      config.listen.public,
    );
  } catch (error) {
    await inside.close(0);
    throw error;
  }
  return {
    publicUrl: outside.url,
    internalUrl: inside.url,
    close: async () => {
      await Promise.all([outside.close(CLOSE_WITHIN_MS), inside.close(CLOSE_WITHIN_MS)]);
    },
  };
}

/** The doors for text messages, with one conversation behind them; undefined where no provider is configured. */
function openTexts(options: DoorsOptions): { readonly webhook: RequestHandler; readonly relay: Relay } | undefined {
  const { twilio } = options.config.sms;
  if (!twilio) return undefined;
  const shared = { ...options, converse: createConversation(options), ways: new Ways() };
  return { webhook: twilioDoor(shared), relay: createRelay({ ...shared, twilio }) };
}
