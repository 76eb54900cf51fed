import { randomBytes, randomUUID } from 'node:crypto';
import type { Config } from '../../config/schema';
import { scopeNames } from '../../config/scope-names';
import { type Ledger, STATEMENT_MS } from '../../ledger/open';
import { createEvents, type Events, type EventsOptions } from '.';
import { aboutOrder } from './about-order';
import { eventIdOf } from './event-id';
import { lastOnPaper } from './on-paper';
import { createPoster } from './post';
import { createSqlOutbox } from './sql-outbox';

type Passed = 'jobs' | 'note' | 'trouble' | 'cleared' | 'logger' | 'now';

export interface OpenEventsOptions extends Pick<EventsOptions, Passed> {
  readonly config: Pick<Config, 'api' | 'scopes' | 'fallbacks'>;
  readonly ledger: Pick<Ledger, 'store' | 'database' | 'sealer'>;
  /** Names events. */
  readonly key: Buffer;
  readonly version: string;
}

const SECRET_BYTES = 32;

/** Events as the configuration wants them, kept beside the ledger. */
export function openEvents({ config, ledger, key, version, ...options }: OpenEventsOptions): Events {
  const { store, database, sealer } = ledger;
  return createEvents({
    ...options,
    outbox: createSqlOutbox({ database, sealer, timeoutMs: STATEMENT_MS }),
    poster: createPoster({ version, now: options.now }),
    scopes: scopeNames(config),
    tokens: config.api.tokens.flatMap(({ name, rights }) => (rights.includes('events') ? [name] : [])),
    idOf: (type, order) => eventIdOf(key, type, order),
    onPaper: () => lastOnPaper(store),
    aboutOrder: (number) => aboutOrder(store, number),
    randomId: () => randomUUID(),
    randomSecret: () => randomBytes(SECRET_BYTES).toString('base64url'),
  });
}
