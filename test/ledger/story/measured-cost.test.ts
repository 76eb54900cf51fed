import type { Measure } from '../../../src/ledger/story/cost';
import { storyOf } from '../../../src/ledger/story/story';
import { FakeRecords, openDoor } from '../../support/http';
import { type At, figures, linesOf, OPENED, order, paperOf } from './on-paper';

/** Warned five minutes after it began, and cut a second after the sever: three dollars a minute, a tenth is usual. */
const tripped = (more: object = {}) => [-1, 'tripped', figures(more)] as const;
const paper = (...more: readonly At[]) => paperOf(linesOf(...more, [0, ...order(7)]));
const costOf = (measure?: Measure, ...lines: readonly At[]) =>
  storyOf(paper(...lines), { fallbacks: new Set(), now: OPENED + 3_600_000, measure }).cost;

it('what was seen step by step is told in place of what follows from the signals', () => {
  const asked: unknown[] = [];
  const cost = costOf((...args) => {
    asked.push(args);
    return { usd: 20.6, tokens: 9, overMs: 6 * 60_000 };
  }, tripped());
  expect(new Set(asked.map((one) => JSON.stringify(one)))).toEqual(
    new Set([JSON.stringify([OPENED - 300_000, OPENED + 1_000, { kind: 'key', id: 'ab' }])]),
  );
  expect(cost?.beyondUsual).toEqual({ usd: 20 });
  expect(cost?.spent.usd).toBeCloseTo(20 + (0.1 * 301) / 60, 3);
  // How fast it went just before is the signals' to tell, and so is what the cut saved.
  expect({ perMinute: cost?.perMinute, saved: cost?.saved }).toEqual({
    perMinute: costOf(undefined, tripped())?.perMinute,
    saved: costOf(undefined, tripped())?.saved,
  });
});

it.each<[string, Measure, object]>([
  ['nobody saw it', () => undefined, {}],
  ['the signal does not say whose it is', () => ({ usd: 99, tokens: 9, overMs: 1 }), { subject: 'key agent-1' }],
])('where %s, the signals are told', (_, measure, more) => {
  expect(costOf(measure, tripped(more))).toEqual(costOf(undefined, tripped(more)));
  expect(costOf(undefined, tripped(more))?.beyondUsual.usd).toBeCloseTo(12.1, 6);
});

it('what was seen to be less than usual was not beyond it', () => {
  expect(costOf(() => ({ usd: 0.2, tokens: 0, overMs: 300_000 }), tripped())?.beyondUsual).toEqual({ usd: 0 });
});

it('is asked for by whoever looks at the incident', async () => {
  const records = new FakeRecords();
  records.incident = async () => paper(tripped());
  const door = await openDoor({ records, measure: () => ({ usd: 50.5, tokens: 1, overMs: 300_000 }) });
  const { json } = await door.call('GET', '/api/v1/incidents/7');
  await door.listener.close();
  expect(json).toMatchObject({ cost: { beyondUsual: { usd: 50 } } });
});
