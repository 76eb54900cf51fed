import { randomUUID } from 'node:crypto';
import pino from 'pino';
import type { Entry } from '../../src/ledger/store';
import type { Notice } from '../../src/notify/channel';
import { createEvents, type Events } from '../../src/notify/events';
import type { EventType } from '../../src/notify/events/event';
import type { Outbox } from '../../src/notify/events/outbox';
import { createPoster } from '../../src/notify/events/post';
import type { Subscription } from '../../src/notify/events/subscription';
import { type Jobs, noQueue } from '../../src/queue/jobs';
import { startQueue } from '../../src/queue/queue';
import type { QueuePlace } from './queue';

export interface RunningEvents extends Events {
  readonly noted: Entry[];
  readonly troubles: Map<string, string>;
  readonly lines: Record<string, unknown>[];
  subscribe(url: string, events?: readonly EventType[], token?: string): Promise<Subscription>;
}

export interface RunEventsOptions {
  readonly outbox: Outbox;
  /** Left out: there is no queue. */
  readonly place?: QueuePlace;
  readonly now?: () => number;
  readonly tokens?: readonly string[];
  /** Left out: an earlier life told all. */
  readonly onPaper?: () => Promise<readonly Notice[]>;
  /** Left out: each is another one, whatever the order. */
  readonly idOf?: (type: EventType, order: number) => string;
}

export const SECRET = 'shh';

/** Events as the program runs them, with a queue, that look after what is owed twenty times a second. */
export async function runEvents(options: RunEventsOptions) {
  const { outbox, place, now = Date.now, tokens = ['n8n'] } = options;
  const { onPaper = async () => [], idOf = () => randomUUID() } = options;
  const [noted, troubles, lines] = [[] as Entry[], new Map<string, string>(), [] as Record<string, unknown>[]];
  const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) });
  let jobs: Jobs = noQueue;
  const events = createEvents({
    ...{ outbox, logger, now, tokens, lookMs: 50, scopes: ['agent', 'llm'] },
    ...{ randomId: () => randomUUID(), randomSecret: () => SECRET },
    ...{ onPaper, idOf },
    aboutOrder: async (number) => ({ source: 'sms', by: `who ordered ${number}` }),
    poster: createPoster({ version: '0.0.0', now }),
    jobs: { add: (job) => jobs.add(job) },
    note: (entry) => noted.push(entry),
    trouble: (key, text) => troubles.set(key, text),
    cleared: (key) => troubles.delete(key),
  });
  const nothing = async () => undefined;
  const handlers = { enforce: nothing, reply: nothing, deliver: events.deliver, drill: nothing };
  if (place) jobs = await startQueue({ place, handlers, logger });
  await events.start();
  const running: RunningEvents = {
    ...{ ...events, noted, troubles, lines },
    subscribe: async (url, types = ['severed', 'trouble'], token = 'n8n') => {
      const made = await events.subscriptions.create(token, { url, events: types });
      if ('refused' in made) throw new Error(made.refused);
      return made;
    },
    close: async () => {
      await events.close();
      await jobs.close();
    },
  };
  return running;
}
