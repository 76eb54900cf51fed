import fc from 'fast-check';
import { idempotencyKey, type Run } from '../../n8n-nodes/nodes/Pullcord/idempotency';
import { orderHeaders } from '../../src/intake/http/schemas';

const run: Run = {
  ...{ instance: 'a'.repeat(64), workflow: 'Xk2', execution: '17', began: 1_700_000_000_000, node: 'b-1', runIndex: 0 },
  ...{ item: 0, action: 'sever', scope: '', reason: '', now: Date.UTC(2026, 0, 2, 3, 4, 5) },
};

it('is readable, and the same whenever the same run is repeated on one day', () => {
  expect(idempotencyKey(run)).toMatch(/^n8n-2026-01-02-17-0-0-[0-9a-f]{64}$/);
  expect(idempotencyKey({ ...run, now: run.now + 20 * 3_600_000 })).toBe(idempotencyKey(run));
});

it.each<[string, Partial<Run>]>([
  ['another n8n', { instance: 'c'.repeat(64) }],
  ['another workflow', { workflow: 'Xk3' }],
  ['another execution', { execution: '18' }],
  ['an execution of the same number that began at another time: an n8n that was installed anew', { began: 1 }],
  ['an n8n that doesn’t say when it began', { began: undefined }],
  ['another node', { node: 'b-2' }],
  ['another loop', { runIndex: 1 }],
  ['another item', { item: 1 }],
  ['another action', { action: 'restore' }],
  ['another scope', { scope: 'llm' }],
  ['another reason', { reason: 'x' }],
  ['another day', { now: run.now + 24 * 3_600_000 }],
])('%s is another order', (_, change) => {
  expect(idempotencyKey({ ...run, ...change })).not.toBe(idempotencyKey(run));
});

const text = fc.string({ unit: 'binary', maxLength: 300 });
const any: fc.Arbitrary<Run> = fc.record({
  ...{ instance: text, workflow: text, execution: text, node: text, action: text, scope: text, reason: text },
  began: fc.option(fc.nat(), { nil: undefined }),
  ...{ runIndex: fc.nat(), item: fc.nat(), now: fc.nat({ max: Date.UTC(2200, 0) }) },
});

it('is taken by Pullcord, whatever n8n calls its things', () => {
  fc.assert(
    fc.property(any, (one) => orderHeaders.safeParse({ 'idempotency-key': idempotencyKey(one) }).success),
    { numRuns: 500 },
  );
});

it('two runs share a key only when they differ in nothing but the time of day', () => {
  const near = fc.record({ change: any, fields: fc.subarray(Object.keys(run) as (keyof Run)[], { minLength: 1 }) });
  fc.assert(
    fc.property(any, near, (one, { change, fields }) => {
      const other = { ...one, ...Object.fromEntries(fields.map((field) => [field, change[field]])) };
      const identity = ({ now, began = 0, ...rest }: Run) =>
        JSON.stringify([Object.entries(rest).sort(), began, new Date(now).toISOString().slice(0, 10)]);
      return (idempotencyKey(one) === idempotencyKey(other)) === (identity(one) === identity(other));
    }),
    { numRuns: 1_000 },
  );
});

it('parts that run into each other make no other key the same', () => {
  expect(idempotencyKey({ ...run, workflow: 'a', execution: '12' })).not.toBe(
    idempotencyKey({ ...run, workflow: 'a1', execution: '2' }),
  );
  expect(idempotencyKey({ ...run, scope: 'a","b', reason: 'c' })).not.toBe(
    idempotencyKey({ ...run, scope: 'a', reason: 'b","c' }),
  );
});
