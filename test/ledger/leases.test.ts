import type { PGlite } from '@electric-sql/pglite';
import { createSqlLeases, type Leases } from '../../src/ledger/leases';
import { StoreUnavailable } from '../../src/ledger/store';
import { freshStore } from '../support/store';
import { until } from '../support/until';

let pglite: PGlite;
let elapsed = 0;
const instance = (holder: string): Leases =>
  createSqlLeases({ database: pglite, holder, monotonic: () => elapsed, timeoutMs: 2_000 });

beforeAll(async () => {
  ({ pglite } = await freshStore());
});
afterAll(() => pglite.close());

const LONG = { ms: 60_000 };

describe('a lease', () => {
  const a = () => instance('a');
  const b = () => instance('b');

  it('is held by one at a time, and kept by whoever holds it', async () => {
    elapsed = 5_000;
    expect(await a().claim('one', LONG)).toEqual({ held: true, untilMs: 65_000 });
    expect(await b().claim('one', LONG)).toMatchObject({ held: false, holder: 'a', fence: 0 });
    elapsed = 6_000;
    expect(await a().claim('one', LONG)).toEqual({ held: true, untilMs: 66_000 });
    expect(await b().claim('another', LONG)).toMatchObject({ held: true });
  });

  it('says when it ends', async () => {
    await a().claim('ends', LONG);
    const { leftMs } = (await b().claim('ends', LONG)) as { leftMs: number };
    expect(leftMs).toBeGreaterThan(50_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
  });

  it('goes to another when it has run out, by the clock of the database', async () => {
    await a().claim('short', { ms: 20 });
    await until(async () => (await b().claim('short', LONG)).held);
    expect(await a().claim('short', LONG)).toMatchObject({ held: false, holder: 'b' });
  });

  it('goes to another when it is given back, by its holder alone', async () => {
    await a().claim('given', LONG);
    await b().release('given');
    expect(await b().claim('given', LONG)).toMatchObject({ held: false });
    await a().release('given');
    expect(await b().claim('given', LONG)).toMatchObject({ held: true });
  });

  it('is taken over by a later order at once, and never by an earlier one', async () => {
    await a().claim('fenced', { ...LONG, fence: 7 });
    expect(await b().claim('fenced', { ...LONG, fence: 6 })).toMatchObject({ held: false, holder: 'a', fence: 7 });
    expect(await b().claim('fenced', { ...LONG, fence: 8 })).toMatchObject({ held: true });
    expect(await a().claim('fenced', { ...LONG, fence: 7 })).toMatchObject({ held: false, holder: 'b', fence: 8 });
  });

  it('stays fenced when it has run out, was given back, or is its own', async () => {
    await a().claim('past', { ms: 0, fence: 9 });
    expect(await b().claim('past', { ...LONG, fence: 8 })).toMatchObject({ held: false, fence: 9 });
    expect(await a().claim('past', { ...LONG, fence: 8 })).toMatchObject({ held: false, fence: 9 });
    await a().release('past');
    expect(await b().claim('past', { ...LONG, fence: 8 })).toMatchObject({ held: false, fence: 9 });
    expect(await b().claim('past', { ...LONG, fence: 9 })).toMatchObject({ held: true });
  });

  it('is held by one of many who ask together', async () => {
    const claims = await Promise.all([...'abcdefgh'].map((name) => instance(name).claim('crowd', LONG)));
    expect(claims.filter(({ held }) => held)).toHaveLength(1);
  });

  it('ends earlier here than in the database, however long the answer takes', async () => {
    elapsed = 1_000;
    const slow = createSqlLeases({
      database: {
        query: async (...asked) => {
          const answer = await pglite.query(...asked);
          elapsed = 4_000;
          return answer;
        },
      },
      holder: 'slow',
      monotonic: () => elapsed,
      timeoutMs: 2_000,
    });
    expect(await slow.claim('slowly', { ms: 2_000 })).toEqual({ held: true, untilMs: 3_000 });
  });

  it('is held by nobody who gets no answer', async () => {
    const away = createSqlLeases({
      database: { query: () => Promise.reject(new Error('terminating connection')) },
      ...{ holder: 'a', monotonic: () => elapsed, timeoutMs: 50 },
    });
    await expect(away.claim('one', LONG)).rejects.toThrow(StoreUnavailable);
    const silent = createSqlLeases({
      database: { query: () => new Promise(() => undefined) },
      ...{ holder: 'a', monotonic: () => elapsed, timeoutMs: 50 },
    });
    await expect(silent.claim('one', LONG)).rejects.toThrow('did not answer within 50 ms');
  });
});
