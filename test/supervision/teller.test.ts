import { createSqlLeases } from '../../src/ledger/leases';
import { Teller } from '../../src/supervision/teller';
import { freshStore } from '../support/store';
import { until } from '../support/until';

/** Two instances on one database. */
let ledger: Awaited<ReturnType<typeof freshStore>>;
beforeAll(async () => {
  ledger = await freshStore();
});
afterAll(() => ledger.close());

const said: string[] = [];
let tellers: Teller[] = [];
beforeEach(() => {
  said.length = 0;
  tellers = [];
});
afterEach(async () => {
  await Promise.all(tellers.map((teller) => teller.close()));
  await ledger.pglite.exec('delete from pullcord.lease');
});

let holders = 0;
function teller(name: string, { answers = true, lingerMs = 0, holdMs = 60_000 } = {}): Teller {
  const database = answers ? ledger.pglite : { query: () => Promise.reject(new Error('away')) };
  const leases = createSqlLeases({
    ...{ database: database as typeof ledger.pglite, holder: `${name} ${++holders}`, timeoutMs: 1_000 },
    monotonic: () => performance.now(),
  });
  const one = new Teller({
    ...{ leases: () => leases, holdMs, lingerMs },
    alarms: {
      raise: (key, text) => void said.push(`${name} ! ${key} ${text}`),
      clear: (key, text) => void said.push(`${name} = ${key} ${text}`),
    },
  });
  tellers.push(one);
  return one;
}

it('what both see is told by one, once, and its end as well', async () => {
  const [one, two] = [teller('one', { lingerMs: 60_000 }), teller('two', { lingerMs: 60_000 })];
  one.raise('ledger', 'away');
  await until(() => said.length === 1);
  two.raise('ledger', 'away');
  two.raise('queue', 'away');
  // The second question has been answered, so the first has.
  await until(() => said.length === 2);
  expect(said).toEqual(['one ! ledger away', 'two ! queue away']);
  one.clear('ledger', 'back');
  await until(() => said.length === 3);
  two.clear('ledger', 'back');
  two.clear('queue', 'back');
  await until(() => said.length === 4);
  expect(said.slice(2)).toEqual(['one = ledger back', 'two = queue back']);
});

it('what one alone goes on seeing, that one tells', async () => {
  const [one, two] = [teller('one', { holdMs: 60 }), teller('two', { holdMs: 60 })];
  one.raise('disk', 'full');
  await until(() => said.length === 1);
  two.raise('disk', 'full here');
  one.clear('disk', 'room');
  await until(() => said.includes('two ! disk full here'));
  expect(said).toEqual(['one ! disk full', 'one = disk room', 'two ! disk full here']);
});

it('of one that died another one takes it over', async () => {
  // It renews nothing any more, and gave nothing back.
  await ledger.pglite.query("select pullcord.claim('told disk', 'dead', 0, 200)");
  teller('two', { holdMs: 60_000 }).raise('disk', 'full');
  await until(() => said.length === 1);
  expect(said).toEqual(['two ! disk full']);
});

it("what is told here is the next one's to tell after an orderly end", async () => {
  const one = teller('one');
  one.raise('disk', 'full');
  await until(() => said.length === 1);
  await one.close();
  teller('two').raise('disk', 'full');
  await until(() => said.length === 2);
});

it('rather twice than never: without the database every instance tells', async () => {
  const [one, two] = [teller('one', { answers: false }), teller('two', { answers: false })];
  one.raise('ledger', 'away');
  two.raise('ledger', 'away');
  await until(() => said.length === 2);
  one.clear('ledger', 'back');
  two.clear('ledger', 'back');
  await until(() => said.length === 4);
  expect([...said].sort()).toEqual([
    'one ! ledger away',
    'one = ledger back',
    'two ! ledger away',
    'two = ledger back',
  ]);
});

it('what is over before it could be told is not told', async () => {
  const one = teller('one');
  one.raise('blip', 'away');
  one.clear('blip', 'back');
  one.raise('other', 'away');
  await until(() => said.length > 0);
  expect(said).toEqual(['one ! other away']);
});
