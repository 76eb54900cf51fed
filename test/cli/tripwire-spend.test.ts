import { drawer, inColumns } from '../../src/cli/sparkline';
import type { Line } from '../../src/ledger/store';
import { type Door, FakeRecords, NOW, openDoor } from '../support/http';
import { seenHistory } from '../support/spend-history';
import { call } from './call';

let records: FakeRecords;
let door: Door;
beforeEach(async () => {
  records = new FakeRecords();
  door = await openDoor({ records, spendHistory: (span) => seenHistory(span, NOW) });
});
afterEach(() => door.listener.close());

const spend = (...options: readonly string[]) =>
  call(['tripwire', 'spend', ...options], { url: door.url, token: 'reader' });

it('says what was spent, by whom, on what, and how long nobody looked', async () => {
  const at = new Date(NOW).toISOString();
  const data = { at, scope: 'agent', order: 7, why: 'too\u001bdear', subject: { name: 'key agent-9' } };
  records.paper = [{ seq: 1, at: NOW, kind: 'tripped', data, hash: 'h' } as Line];
  records.found = [{ number: 7, scope: 'agent', openedBy: 'tripwire', openedAt: NOW, orders: [7] }];
  const { code, stdout, stderr } = await spend();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.split('\n');
  expect(lines[0]).toMatch(/^The last hour, from 2026-01-02T02:05:00\.000Z; 1 min a column\.$/);
  expect(lines[1]).toBe(`  all keys                     $48.33   104 tokens  ${'?'.repeat(58)}.█`);
  expect(lines[2]).toBe(`  key agent-9                   $9.33    10 tokens  ${'?'.repeat(58)}.▂`);
  expect(lines.slice(2, 11).map((line) => line.split('$')[0]?.trim())).toEqual([
    ...[9, 8, 7, 6, 5, 4, 3, 2].map((n) => `key agent-${n}`),
    'other keys',
  ]);
  expect(lines[11]).toMatch(/^ {2}model gpt-4o +\$48\.33/);
  expect(lines.slice(12)).toEqual([
    'Usual, where it is known: $0.10.',
    'Nobody saw 58 min of it: what was spent then is not in the sums.',
    `  ${at}  tripped   key agent-9: too\ufffddear (incident 7)`,
    '',
  ]);
});

it('prints the answer itself with --json', async () => {
  const { code, stdout } = await spend('--span', 'week', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ span: 'week', stepSeconds: 1_800, steps: 336, marks: [] });
});

it('says that the ledger does not answer', async () => {
  records.failure = new Error('gone');
  expect((await spend('--span', 'day')).stdout).toContain('The ledger does not answer');
});

it('is bad news without a tripwire, and wrong use with a span that there isn’t', async () => {
  const without = await openDoor({});
  const answered = await call(['tripwire', 'spend'], { url: without.url, token: 'reader' });
  expect(answered).toMatchObject({ code: 1, stderr: expect.stringContaining('No tripwire is configured.') });
  await without.listener.close();
  expect(await spend('--span', 'year')).toMatchObject({ code: 2, stdout: '' });
});

describe('a line of text', () => {
  it('sums up steps, and of what nobody saw nothing is known', () => {
    expect(inColumns([1, 2, null, 4, null, null, 7], 4)).toEqual([3, 4, null, 7]);
    expect(inColumns([1, null], 60)).toEqual([1, null]);
    expect(inColumns([], 60)).toEqual([]);
  });

  it.each([
    [[null, 0, 1, 4, 8], '?.▁▄█'],
    [[0, 0], '..'],
    [[null], '?'],
    [[0.01, 1, 1, 1, 1000], '▁▄▄▄█'],
  ])('%j is %s', (amounts, line) => {
    expect(drawer(amounts)(amounts)).toBe(line);
  });
});
