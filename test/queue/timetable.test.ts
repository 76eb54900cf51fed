import type { PGlite } from '@electric-sql/pglite';
import { freshPglite } from '../support/pglite';
import { behavesAsTimetable } from '../support/timetable-behaviour';

let db: PGlite;
beforeAll(async () => {
  db = await freshPglite();
});
afterAll(() => db.close());

describe('the timetable on the embedded database', () =>
  behavesAsTimetable(() => ({ pglite: db }), { missing: false }));
