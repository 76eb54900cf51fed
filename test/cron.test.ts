import fc from 'fast-check';
import { cronFault, isTimeZone, lastDue, nextDue, type Schedule } from '../src/cron';

const weekly: Schedule = { cron: '0 9 * * 1', timeZone: 'UTC' };
const epoch = (iso: string): number => Date.parse(iso);

it.each([
  ['2026-01-05T08:59:59.999Z', '2025-12-29T09:00:00Z', '2026-01-05T09:00:00Z'],
  ['2026-01-05T09:00:00.000Z', '2026-01-05T09:00:00Z', '2026-01-12T09:00:00Z'],
  ['2026-01-05T09:00:00.001Z', '2026-01-05T09:00:00Z', '2026-01-12T09:00:00Z'],
])('at %s the last time was %s, and the next is %s', (now, last, next) => {
  expect(new Date(lastDue(weekly, epoch(now)))).toEqual(new Date(last));
  expect(new Date(nextDue(weekly, epoch(now)))).toEqual(new Date(next));
});

it('goes by the clock of its place, in summer as in winter', () => {
  const berlin = { ...weekly, timeZone: 'Europe/Berlin' };
  expect(nextDue(berlin, epoch('2026-03-26T00:00:00Z'))).toBe(epoch('2026-03-30T07:00:00Z'));
  expect(nextDue(berlin, epoch('2026-03-20T00:00:00Z'))).toBe(epoch('2026-03-23T08:00:00Z'));
});

it('is never due between its last time and its next', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4e12 }),
      fc.constantFrom('0 9 * * 1', '30 2 * * *', '15 */6 1,15 * *'),
      (now, cron) => {
        const schedule = { cron, timeZone: 'Europe/Berlin' };
        const [last, next] = [lastDue(schedule, now), nextDue(schedule, now)];
        expect(last).toBeLessThanOrEqual(now);
        expect(next).toBeGreaterThan(now);
        expect(nextDue(schedule, last)).toBe(next);
        expect(lastDue(schedule, next - 1)).toBe(last);
      },
    ),
  );
});

it.each([
  ['0 9 * * 1', undefined],
  ['0 * * * *', undefined],
  ['0 9 1 */3 *', undefined],
  ['0 9 29 2 *', undefined],
  ['0 9 * * MON', undefined],
  ['*/30 * * * *', /too often/],
  ['0,59 23 * * 5', /too often/],
  ['59 0 1 * *', undefined],
  ['* * * * *', /too often/],
  ['0 9 * *', /five fields/],
  ['0 0 9 * * 1', /five fields/],
  ['@weekly', /five fields/],
  ['', /five fields/],
  ['0 9 30 2 *', /ever comes up/],
  ['0 25 * * *', /ever comes up/],
  ['x 9 * * *', /ever comes up/],
])('%j: %p', (cron, fault) => {
  if (fault === undefined) expect(cronFault(cron)).toBeUndefined();
  else expect(cronFault(cron)).toMatch(fault);
});

it.each([
  ['UTC', true],
  ['Europe/Berlin', true],
  ['Mars/Olympus', false],
  ['', false],
])('%j is a time zone: %p', (name, is) => expect(isTimeZone(name)).toBe(is));
