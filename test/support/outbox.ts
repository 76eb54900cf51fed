import { randomUUID } from 'node:crypto';
import type { PGlite } from '@electric-sql/pglite';
import { schema } from '../../src/ledger/database';
import type { EventBody, EventType } from '../../src/notify/events/event';
import { createSqlOutbox } from '../../src/notify/events/sql-outbox';
import type { Subscription } from '../../src/notify/events/subscription';
import { freshPglite } from './pglite';
import { testSealer } from './store';

/** An outbox on an embedded Postgres of its own, whose database can be away. */
export async function freshOutbox(dataDir?: string) {
  const pglite = await freshPglite(dataDir);
  await pglite.exec(schema());
  return outboxOn(pglite);
}

export function outboxOn(pglite: PGlite) {
  const state = { away: false };
  const database = {
    query: (text: string, params?: unknown[]) =>
      state.away ? Promise.reject(new Error('connection refused')) : pglite.query(text, params),
  };
  const outbox = createSqlOutbox({ database, sealer: testSealer, timeoutMs: 2_000 });
  return { pglite, state, outbox, close: () => pglite.close() };
}

export async function emptiedOutbox(pglite: PGlite): Promise<void> {
  await pglite.exec('delete from pullcord.subscription; delete from pullcord.event');
}

let serial = 0;
export const subscription = (more: Partial<Subscription> = {}): Subscription => ({
  ...{ id: randomUUID(), token: 'n8n', url: `https://n8n.example.org/webhook/${++serial}`, secret: `secret-${serial}` },
  ...{ events: ['severed', 'trouble'], createdAt: serial },
  ...more,
});

export const event = (type: EventType = 'severed', more: Partial<EventBody> = {}): EventBody => ({
  ...{ id: randomUUID(), type, at: new Date(1_000).toISOString(), text: 'it happened' },
  ...more,
});
