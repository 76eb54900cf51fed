import { randomUUID } from 'node:crypto';
import pino from 'pino';
import type { Entry } from '../../src/ledger/store';
import type { Outbox } from '../../src/notify/events/outbox';
import type { Subscription } from '../../src/notify/events/subscription';
import { Subscriptions } from '../../src/notify/events/subscriptions';

/** Subscriptions that are kept in memory: for what stands before them. */
export function subscriptionsInMemory(now: () => number = Date.now) {
  const kept: Subscription[] = [];
  const noted: Entry[] = [];
  const state: { failure?: Error } = {};
  const check = (): void => {
    if (state.failure) throw state.failure;
  };
  const outbox: Pick<Outbox, 'subscriptions' | 'subscribe' | 'end'> = {
    subscriptions: async () => {
      check();
      return { open: [...kept], sealed: [] };
    },
    subscribe: async (added, replaced, seen) => {
      check();
      if (kept.length !== seen.length) return false;
      for (const id of replaced)
        kept.splice(
          kept.findIndex((one) => one.id === id),
          1,
        );
      kept.push(added);
      return true;
    },
    end: async (id) => {
      check();
      const place = kept.findIndex((one) => one.id === id);
      return place >= 0 && kept.splice(place, 1).length === 1;
    },
  };
  let secrets = 0;
  const subscriptions = new Subscriptions({
    ...{ outbox: outbox as Outbox, scopes: ['agent', 'llm'], now, logger: pino({ level: 'silent' }) },
    note: (entry) => noted.push(entry),
    randomId: () => randomUUID(),
    randomSecret: () => `secret-${++secrets}`,
  });
  return { subscriptions, kept, noted, state };
}
