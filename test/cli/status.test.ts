import type { Readiness } from '../../src/supervision/readiness';
import { type Door, FakeDesk, NOW, openDoor } from '../support/http';
import { call } from './call';

let readiness: Readiness;
let desk: FakeDesk;
let door: Door;
beforeEach(async () => {
  desk = new FakeDesk();
  readiness = { state: 'armed', parts: [{ name: 'ledger', ok: true, detail: 'answers' }] };
  const missing = (scope: string) => (scope === 'llm' ? ['gw-2 does not answer'] : []);
  door = await openDoor({ desk, ready: async () => readiness, missing });
});
afterEach(() => door.listener.close());

const status = (...options: readonly string[]) => call(['status', ...options], { url: door.url, token: 'reader' });

it('armed is good, whatever is severed', async () => {
  desk.scopes = [
    { scope: 'agent', state: 'severed', order: 7, since: NOW, pending: { operator: 'alice', at: NOW } },
    { scope: 'llm', state: 'severing', order: 8, since: NOW },
    { scope: 'tools', state: 'live', order: 0, since: 0 },
  ];
  expect(await status()).toEqual({
    code: 0,
    stdout: [
      'ARMED: all parts work.',
      '  agent  SEVERED since 2026-01-02T03:04:05.000Z (order 7); alice wants it restored, a second operator is needed',
      '  llm    SEVERING since 2026-01-02T03:04:05.000Z (order 8)',
      '         missing: gw-2 does not answer',
      '  tools  live',
      '',
    ].join('\n'),
    stderr: '',
  });
});

it('says what the tripwire sees, where there is one', async () => {
  readiness = {
    state: 'armed',
    parts: [{ name: 'tripwire', ok: true, detail: 'sees 1 LiteLLM proxy, observes only' }],
  };
  expect((await status()).stdout).toBe('ARMED: all parts work.\n  tripwire sees 1 LiteLLM proxy, observes only\n');
  readiness = { state: 'degraded', parts: [{ name: 'tripwire', ok: false, detail: 'sees nothing of litellm a' }] };
  expect(await status()).toMatchObject({ code: 1, stdout: '  ! tripwire: sees nothing of litellm a\n' });
});

it('says how the last drill went, and what is to be seen to', async () => {
  const detail = 'passed on 2026-01-05 09:00 UTC in 3.1 s';
  readiness = { state: 'armed', parts: [{ name: 'drills', ok: true, signal: 'normal', detail }] };
  expect((await status()).stdout).toBe(`ARMED: all parts work.\n  drills ${detail}\n`);
  const todo = 'Run pullcord drill.';
  readiness = {
    state: 'armed',
    parts: [{ name: 'drills', ok: true, signal: 'supervisory', detail: 'the way was never rehearsed', todo }],
  };
  expect((await status()).stdout).toBe(
    `ARMED: all parts work.\n  ~ drills: the way was never rehearsed\n    -> ${todo}\n`,
  );
});

it('what is at rest but not seen so is said', async () => {
  desk.scopes = [{ scope: 'llm', state: 'severed', order: 7, since: NOW }];
  expect((await status()).stdout).toContain(
    'llm  SEVERED since 2026-01-02T03:04:05.000Z (order 7), but not seen so now',
  );
});

it('says who ordered it and why, where that is known, and nothing that would steer a terminal', async () => {
  await door.listener.close();
  const standing = () => ({ by: 'openid:\u202ealice', reason: 'it buys GPUs', gateways: [] });
  door = await openDoor({ desk, ready: async () => readiness, standing });
  desk.scopes = [{ scope: 'agent', state: 'severed', order: 7, since: NOW }];
  expect((await status()).stdout).toContain('(order 7 by openid:\ufffdalice: it buys GPUs)');
});

it.each(['degraded', 'disarmed'] as const)('%s is bad news, and says which part', async (state) => {
  readiness = {
    state,
    parts: [
      { name: 'ledger', ok: false, detail: 'does not answer' },
      { name: 'queue', ok: true, detail: 'answers' },
    ],
  };
  const { code, stdout, stderr } = await status();
  expect([code, stdout]).toEqual([1, '  ! ledger: does not answer\n']);
  expect(stderr).toMatch(new RegExp(`^${state.toUpperCase()}: `));
  const json = await status('--json');
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toEqual({ ...readiness, version: '0.0.0', scopes: [] });
});

it('says what still works, since when a part is broken, what to do, and what wants looking after', async () => {
  const [since, lastWell] = [NOW, NOW - 60_000];
  readiness = {
    state: 'degraded',
    works: ['STOP works at main.', 'RESTORE refuses until this is mended: ledger.'],
    parts: [
      { name: 'ledger', ok: false, signal: 'trouble', detail: 'does not answer', since, lastWell, todo: 'Mend it.' },
      { name: 'twilio', ok: false, signal: 'trouble', detail: 'was not looked at', since, lastWell: undefined },
      { name: 'certificate gw:443', ok: true, signal: 'supervisory', detail: 'ends soon', since, todo: 'Renew it.' },
      { name: 'scope agent', ok: true, signal: 'alarm', detail: 'severed by order 7', since },
    ],
  };
  expect((await status()).stdout).toBe(
    [
      '  ! ledger: does not answer (since 2026-01-02T03:04:05.000Z, last well 2026-01-02T03:03:05.000Z)',
      '    -> Mend it.',
      '  ! twilio: was not looked at (since 2026-01-02T03:04:05.000Z, not seen well)',
      '  ~ certificate gw:443: ends soon (since 2026-01-02T03:04:05.000Z)',
      '    -> Renew it.',
      '  STOP works at main.',
      '  RESTORE refuses until this is mended: ledger.',
      '',
    ].join('\n'),
  );
});

it('takes a token with the right status', async () => {
  expect(await call(['status'], { url: door.url, token: 'stopper' })).toMatchObject({ code: 1, stdout: '' });
  expect(await call(['status'], { url: door.url, token: 'nobody' })).toMatchObject({ code: 2, stdout: '' });
});
