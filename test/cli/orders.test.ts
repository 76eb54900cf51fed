import type { Receipt } from '../../src/orders/desk';
import type { RefusalReason } from '../../src/orders/reasons';
import { type Door, FakeDesk, openDoor } from '../support/http';
import { call } from './call';

let desk: FakeDesk;
let door: Door;
beforeEach(async () => {
  desk = new FakeDesk();
  door = await openDoor({ desk });
});
afterEach(() => door.listener.close());

const pullcord = (...argv: readonly string[]) => call(argv, { url: door.url });

describe('sever', () => {
  it('cuts the default scope as the token, waits, and says what was seen', async () => {
    expect(await pullcord('sever')).toEqual({
      code: 0,
      stdout: 'SEVERED agent: 3 routes refused on 2 gateways, seen after 0.1 s. Order 1.\n',
      stderr: '',
    });
    expect(desk.asked).toMatchObject([
      { request: { action: 'sever', scope: 'agent' }, proof: { kind: 'token', token: 'n8n' } },
    ]);
    expect(desk.waits).toEqual([10_000]);
  });

  it('hands on the scope, the reason and how long to wait', async () => {
    expect((await pullcord('sever', 'llm', '--reason', 'spend runs away', '--wait', '3')).code).toBe(0);
    expect(desk.asked).toMatchObject([{ request: { scope: 'llm', reason: 'spend runs away' } }]);
    expect(desk.waits).toEqual([3_000]);
  });

  it.each([
    [['--operator', 'alice', '--code', '492039'], '', '492039'],
    [['--operator', 'alice', '--code', '4920 3912 3456'], '', '492039123456'],
    [['--operator', 'alice'], '492-039\n', '492039'],
    [['--code', '492 039'], 'alice\n', '492039'],
  ])('orders as a person: %j', async (options, input, code) => {
    expect((await call(['sever', ...options], { url: door.url, token: 'reader', input })).code).toBe(0);
    expect(desk.asked).toMatchObject([{ proof: { kind: 'operator', operator: 'alice', code } }]);
  });

  it('is bad news when it was not seen in time, and says what is missing', async () => {
    desk.result = { state: 'severing', missing: ['gw-2 does not answer', 'gw-3 \u001b[2Jlies'] };
    const { code, stdout, stderr } = await pullcord('sever');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      'SEVERING agent: Order 1 is not yet seen everywhere\n  gw-2 does not answer\n  gw-3 \ufffd[2Jlies\n' +
        'Pullcord keeps trying. See: pullcord status\n',
    );
  });

  it('is good when nobody wanted to wait', async () => {
    desk.result = { state: 'severing', missing: [] };
    const { code, stdout } = await pullcord('sever', '--wait', '0');
    expect([code, stdout]).toEqual([0, expect.stringContaining('Order 1 is not yet seen')]);
    expect(desk.waits).toEqual([0]);
  });

  it('is bad news when a later order came first', async () => {
    desk.result = { state: 'overtaken' };
    expect(await pullcord('sever')).toMatchObject({ code: 1, stderr: expect.stringContaining('overtaken') });
    desk.result = { state: 'overtaken', overtakenBy: { order: 9, state: 'severing' } };
    expect(await pullcord('sever')).toMatchObject({ code: 1, stderr: expect.stringContaining('overtaken') });
    desk.result = { state: 'overtaken', overtakenBy: { order: 9, state: 'severed' } };
    expect(await pullcord('sever')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('SEVERED agent, by order 9'),
    });
  });

  it('prints one JSON object, with the same exit codes', async () => {
    const good = await pullcord('sever', '--json');
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(good.stdout)).toMatchObject({ number: 1, state: 'severed', missing: [] });
    desk.result = { state: 'severing' };
    const bad = await pullcord('sever', '--json');
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ state: 'severing' });
  });
});

describe('restore', () => {
  it('with an operator and a code says what was seen', async () => {
    expect(await pullcord('restore', 'llm', '--operator', 'alice', '--code', '492039')).toEqual({
      code: 0,
      stdout: 'RESTORED llm: served again on 2 gateways, seen after 0.1 s. Order 1.\n',
      stderr: '',
    });
    expect(desk.asked).toMatchObject([
      { request: { action: 'restore', scope: 'llm' }, proof: { kind: 'operator', operator: 'alice', code: '492039' } },
    ]);
  });

  it('asks for what is not given, and keeps the questions out of what can be piped', async () => {
    const { code, stdout, stderr } = await call(['restore', '--json'], { url: door.url, input: 'alice\n492 039\n' });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'live', by: 'alice' });
    expect(stderr).toBe('Operator: The 6 digits that your app shows now: ');
  });

  it.each([
    ['nothing', ''],
    ['no code', 'alice\n'],
    ['an empty name', '\n492039\n'],
    ['five digits', 'alice\n49203\n'],
    ['words', 'alice\nplease\n'],
  ])('%s is wrong use, and nothing is sent: a token alone never restores', async (_what, input) => {
    expect(await call(['restore'], { url: door.url, input })).toMatchObject({ code: 2, stdout: '' });
    expect(desk.asked).toEqual([]);
    expect(door.logged).toEqual([]);
  });

  it('is not yet good news when a second operator is needed', async () => {
    desk.receipt = { kind: 'pending', scope: 'agent', operator: 'alice', withinSeconds: 600 };
    const { code, stdout, stderr } = await pullcord('restore', '--operator', 'alice', '--code', '492039', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'pending' });
    expect(stderr).toContain('second operator: another person has to order it, too, within 10 min.');
  });
});

describe('a refusal is told with its reason:', () => {
  const refused = (reason: RefusalReason): Receipt => ({ kind: 'refused', refused: reason, detail: 'One more fact.' });

  it.each<[RefusalReason, number]>([
    ['code-wrong', 1],
    ['code-locked', 1],
    ['nothing-to-restore', 1],
    ['ledger-unavailable', 1],
    ['unknown-scope', 2],
  ])('%s is exit code %i', async (reason, code) => {
    desk.receipt = refused(reason);
    const called = await pullcord('restore', '--operator', 'alice', '--code', '492039');
    expect(called).toMatchObject({ code, stdout: '' });
    expect(called.stderr).toMatch(new RegExp(`^Refused \\(${reason}\\): .* One more fact\\.\n$`));
    expect(called.stderr).not.toContain('492039');
  });

  it('a token without the right', async () => {
    const called = await call(['sever'], { url: door.url, token: 'reader' });
    expect(called).toMatchObject({ code: 1, stderr: expect.stringContaining('Refused (no-right)') });
    expect(desk.asked).toEqual([]);
  });

  it('a failure inside, with the id to look for', async () => {
    desk.receipt = new Error('secret-detail');
    const { code, stderr } = await pullcord('sever');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/Refused \(internal-error\).* Request id: id-\d+\./)]);
    expect(stderr).not.toContain('secret-detail');
  });

  it('a scope that is none, naming the field', async () => {
    const { code, stderr } = await pullcord('sever', 'x'.repeat(33));
    expect([code, stderr]).toEqual([2, expect.stringContaining('\n  scope: ')]);
  });
});

describe('wrong use', () => {
  it.each([
    [['sever', '--wait', '31']],
    [['sever', '--wait', 'long']],
    [['sever', 'agent', 'llm']],
    [['sever', '--nonsense']],
    [['sever', '--url', 'localhost:8081']],
    [['restore', '--url', 'ftp://127.0.0.1']],
  ])('%j is exit code 2, and nothing is sent', async (argv) => {
    expect(await pullcord(...argv)).toMatchObject({ code: 2, stdout: '' });
    expect(desk.asked).toEqual([]);
  });

  it.each(['sever', 'restore', 'status', 'ledger', 'ledger show', 'ledger verify'])(
    '%s --help is good',
    async (words) => {
      const { code, stdout, stderr } = await pullcord(...words.split(' '), '--help');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`Usage: pullcord ${words}`);
      if (words !== 'ledger') expect(stdout).toContain('PULLCORD_TOKEN_FILE');
    },
  );
});
