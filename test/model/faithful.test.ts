import fc from 'fast-check';
import { schema } from '../../src/ledger/database';
import { freshPglite } from '../support/pglite';
import { emptied } from '../support/store';
import { lives, sequences } from './sequences';
import { removeShelf } from './world';

jest.mock('node:timers/promises', () => require('./timers-promises').onTimers());

afterAll(removeShelf);

/** Each takes a real database's time. */
const tried = 15;

it('the tables of the model do as Postgres does: the laws hold with the one as with the other', async () => {
  const pglite = await freshPglite();
  await pglite.exec(schema());
  try {
    await fc.assert(
      fc.asyncProperty(sequences(), async ([options, commands]) => {
        await emptied(pglite);
        for (const table of ['snapshot', 'memory', 'permit']) await pglite.exec(`delete from pullcord.${table}`);
        // The leases go by the database's own clock, which is not ours here.
        await lives({ ...options, instances: 1, database: pglite }, commands);
      }),
      { numRuns: tried },
    );
  } finally {
    await pglite.close();
  }
}, 120_000);
