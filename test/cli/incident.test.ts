import { figures, linesOf, OPENED, order, paperOf } from '../ledger/story/on-paper';
import { type Door, FakeRecords, openDoor } from '../support/http';
import { call } from './call';

let records: FakeRecords;
let door: Door;
beforeEach(async () => {
  records = new FakeRecords();
  door = await openDoor({ records });
});
afterEach(() => door.listener.close());

const incident = (...argv: readonly string[]) => call(['incident', ...argv], { url: door.url });
const opened = new Date(OPENED).toISOString();

describe('incident', () => {
  it('lists the newest, one line each', async () => {
    const { incident: over } = paperOf([], { reason: 'a\u009b2J' });
    records.found = [{ number: 9, scope: 'llm', openedBy: 'bob', openedAt: OPENED, orders: [9] }, over];
    expect(await incident('--limit', '5')).toEqual({
      code: 0,
      stdout:
        `    9  ${opened}  llm severed by bob, not seen everywhere, OPEN\n` +
        `    7  ${opened}  agent severed by alice, seen after 1.000 s, restored after 30 min 0 s, a\ufffd2J\n`,
      stderr: '',
    });
    expect(records.asked).toEqual([{ limit: 5 }]);
    expect(JSON.parse((await incident('--json')).stdout)).toMatchObject({ incidents: [{ number: 9 }, { number: 7 }] });
  });

  it('says that there was none', async () => {
    expect(await incident()).toMatchObject({ code: 0, stdout: 'There was no incident yet.\n' });
  });

  it('tells one from the first anomaly to the restore, with what was changed and what it cost', async () => {
    const changes = [{ path: '/status', before: 1, after: 0 }];
    const objects = [{ gateway: 'main', objects: ['routes/a'], changes }];
    records.story = paperOf(
      linesOf(
        [-1, 'tripped', figures({ order: 7, mode: 'act', why: 'it burns\u202e' })],
        [0, ...order(7, 'sever', 'tripwire')],
        [1, 'write', { cutter: 'apisix main', order: 7, what: 'x', objects }],
        [1800, 'restored', { scope: 'agent', order: 8, gateways: 1 }],
      ),
    );
    const { code, stdout } = await incident('7');
    expect([code, stdout]).toEqual([
      0,
      `Incident 7, ${opened}: agent severed by alice, seen after 1.000 s, restored after 30 min 0 s
   -5 min 0 s  other     key agent-1 began to spend beyond what is usual, as the tripwire saw later.
     -1.000 s  tripped   The tripwire tripped: it burns\ufffd.
     +0.000 s  order     The tripwire ordered to sever agent by text message: order 7.
     +1.000 s  write     apisix main wrote x.
  +30 min 0 s  restored  agent was seen served again on 1 gateway.
main routes/a, NOT as it was
  /status: 1 -> 0
Spent from ${new Date(OPENED - 300_000).toISOString()} until the cut was seen: $12.60; beyond usual: $12.10.
Saved, by an estimate: $89.70. What was burnt beyond the usual each minute before the cut, for 29.9 minutes: as long as the cut lasted, but an hour at most.
`,
    ]);
    expect(JSON.parse((await incident('7', '--json')).stdout)).toMatchObject({
      number: 7,
      timeline: [{}, {}, {}, {}, {}],
    });
    expect((await incident('7', '--markdown')).stdout).toMatch(
      /^# Incident 7: agent\n\n[\s\S]*\n## What is to be done\n$/,
    );
  });

  it('is bad news when there is no such one', async () => {
    expect(await incident('8')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('not-found') });
    expect(await incident('8', '--markdown')).toMatchObject({ code: 1, stdout: '' });
  });

  it.each([[['x']], [['--markdown']], [['7', '--markdown', '--json']], [['7', '--limit', '3']], [['0']]])(
    '%j is wrong use',
    async (argv) => {
      expect(await incident(...argv)).toMatchObject({ code: 2, stdout: '' });
    },
  );
});
