import { type Door, FakeRecords, NOW, openDoor } from '../support/http';
import { call } from './call';

let records: FakeRecords;
let door: Door;
beforeEach(async () => {
  records = new FakeRecords();
  records.paper = [
    { seq: 3, at: NOW, kind: 'order', data: { number: 1, why: 'a\u009b2Jb\u202e' }, hash: 'ab' },
    { seq: 4, at: NOW, kind: 'severed', data: { scope: 'agent' }, hash: 'cd' },
  ];
  door = await openDoor({ records });
});
afterEach(() => door.listener.close());

const ledger = (...argv: readonly string[]) => call(['ledger', ...argv], { url: door.url });

describe('ledger show', () => {
  it('prints a line each, with nothing in it that could steer a terminal', async () => {
    expect(await ledger('show')).toEqual({
      code: 0,
      stdout:
        '3  2026-01-02T03:04:05.000Z  order     {"number":1,"why":"a\ufffd2Jb\ufffd"}\n' +
        '4  2026-01-02T03:04:05.000Z  severed   {"scope":"agent"}\n',
      stderr: '',
    });
    expect(records.asked).toEqual([{ limit: 100 }]);
  });

  it('keeps its columns where the numbers grow longer', async () => {
    const [line] = records.paper;
    records.paper = [9, 10].flatMap((seq) => (line ? [{ ...line, seq }] : []));
    const { stdout } = await ledger('show');
    expect(stdout.split('\n').map((text) => text.slice(0, 8))).toEqual([' 9  2026', '10  2026', '']);
  });

  it('prints JSON as it is', async () => {
    const { code, stdout } = await ledger('show', '--after', '2', '--limit', '10', '--json');
    expect(code).toBe(0);
    const at = new Date(NOW).toISOString();
    expect(JSON.parse(stdout)).toEqual({ lines: records.paper.map((line) => ({ ...line, at })) });
    expect(records.asked).toEqual([{ after: 2, limit: 10 }]);
  });

  it.each([[['--after', '-1']], [['--limit', 'all']], [['--limit', '1001']]])('%j is wrong use', async (options) => {
    expect(await ledger('show', ...options)).toMatchObject({ code: 2, stdout: '' });
    expect(records.asked).toEqual([]);
  });
});

describe('ledger verify', () => {
  it('is good when every line is as it was written', async () => {
    records.verdict = { ok: true, lines: 4, faults: [] };
    expect(await ledger('verify')).toMatchObject({
      code: 0,
      stdout: 'The ledger is whole: 4 lines, none changed, missing or swapped.\n',
    });
  });

  it('is bad news when one is not, and says which', async () => {
    records.verdict = { ok: false, lines: 4, faults: ['line 5 is missing or not in its place'] };
    expect(await ledger('verify')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'The ledger is not what was written:\n  line 5 is missing or not in its place\n',
    });
    const json = await ledger('verify', '--json');
    expect([json.code, JSON.parse(json.stdout)]).toEqual([1, records.verdict]);
  });
});

it('ledger alone is wrong use', async () => {
  expect((await ledger()).code).toBe(2);
});
