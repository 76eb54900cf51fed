import { ago, clock, count, duration, exact, many, measured, money, offset } from '../../../src/console/web/format';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('what the page writes', () => {
  it.each([
    [-5, '0 s'],
    [42 * SECOND, '42 s'],
    [MINUTE, '1 min'],
    [3 * MINUTE + 5 * SECOND, '3 min 5 s'],
    [2 * HOUR + 5 * MINUTE + 7 * SECOND, '2 h 5 min'],
    [76 * HOUR, '3 d 4 h'],
  ])('lasts %d ms: %s', (ms, text) => expect(duration(ms)).toBe(text));

  it.each([
    [4 * SECOND, 'just now'],
    [-3 * MINUTE, 'just now'],
    [42 * SECOND, '42 s ago'],
    [3 * MINUTE + 59 * SECOND, '3 min ago'],
    [2 * HOUR + 5 * MINUTE + 59 * SECOND, '2 h 5 min ago'],
    [50 * HOUR + 59 * MINUTE, '2 d 2 h ago'],
  ])('%d ms: %s', (ms, text) => expect(ago(1_800_000_000_000 - ms, 1_800_000_000_000)).toBe(text));

  it.each([
    [0, '+00:00'],
    [-90, '+00:00'],
    [-900, '-00:00.9'],
    [1_240, '+00:01.2'],
    [59_999, '+00:59.9'],
    [-187_400, '-03:07'],
    [61_000, '+01:01'],
    [3_729_000, '+1:02:09'],
  ])('%d ms from the sever: %s', (ms, text) => expect(offset(ms)).toBe(text));

  it.each([
    [12.4, '12 ms'],
    [1_243, '1.24 s'],
    [75_400, '75 s'],
    [125_000, '2 min 5 s'],
  ])('measured %d ms: %s', (ms, text) => expect(measured(ms)).toBe(text));

  it.each([
    [0, '$0'],
    [0.00001, '<$0.0001'],
    [0.0042, '$0.0042'],
    [0.05, '$0.05'],
    [0.1234, '$0.12'],
    [12.3, '$12.30'],
    [-12.3, '-$12.30'],
    [1204.6, '$1,205'],
  ])('%d dollars: %s', (usd, text) => expect(money(usd)).toBe(text));

  it.each([
    [950, '950'],
    [12_400, '12.4k'],
    [120_400, '120k'],
    [3_100_000, '3.10M'],
  ])('%d tokens: %s', (n, text) => expect(count(n)).toBe(text));

  it('says in whose time', () => {
    const at = '2026-01-02T03:04:05.678Z';
    expect(clock(at, { timeZone: 'UTC' })).toBe('03:04:05');
    expect(exact(at, { timeZone: 'UTC' })).toBe('2 Jan 2026, 03:04:05 UTC');
    expect(exact(at, { timeZone: 'Asia/Tokyo' })).toMatch(/^2 Jan 2026, 12:04:05 (GMT\+9|JST)$/);
  });

  it('counts in words', () => {
    expect([many(1, 'route'), many(0, 'route'), many(2, 'key', 'keys')]).toEqual(['1 route', '0 routes', '2 keys']);
  });
});
