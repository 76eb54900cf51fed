import type { DrillReport } from '../../src/supervision/drill/report';
import { type Door, FakeDrills, NOW, openDoor } from '../support/http';
import { call } from './call';

let drills: FakeDrills;
let door: Door;
beforeEach(async () => {
  drills = new FakeDrills();
  door = await openDoor({ drills });
});
afterEach(() => door.listener.close());

const drill = (...options: readonly string[]) => call(['drill', ...options], { url: door.url, token: 'driller' });
const ended: DrillReport = {
  ...{ id: 'd-1', state: 'passed', by: 'token:driller', startedAt: NOW, endedAt: NOW, ms: 420, text: 'Drill passed.' },
  steps: [
    { name: 'gateway', gateway: 'main', ok: true, ms: 31, usualMs: 20 },
    { name: 'stop', ok: true, ms: 2_900, usualMs: 100, slower: true, detail: 'by publicUrl' },
  ],
  compared: { drills: 3, medianMs: 400, slower: true },
};

it('begins one, waits for its end, and says each step with its time', async () => {
  drills.begins = ended;
  expect(await drill()).toEqual({
    code: 0,
    stdout: [
      '  gateway (main)   0.03 s (usually 0.02 s)',
      '  stop             2.90 s (usually 0.10 s, SLOWER)',
      '    by publicUrl',
      'Drill passed.',
      'The median of earlier drills (3) is 0.40 s.',
      '',
    ].join('\n'),
    stderr: '',
  });
  expect(drills.asked).toEqual([{ by: 'token:driller' }, { id: 'd-1', waitMs: 30_000 }]);
});

it('goes on waiting', async () => {
  let looks = 0;
  const report = drills.report.bind(drills);
  drills.report = async (id, waitMs) => {
    looks += 1;
    return looks < 3 ? report(id, waitMs) : ended;
  };
  expect(await drill()).toMatchObject({ code: 0 });
  expect(looks).toBe(3);
});

it('prints JSON', async () => {
  drills.begins = ended;
  const { code, stdout } = await drill('--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ id: 'd-1', state: 'passed', compared: { drills: 3 } });
});

it('one that failed is bad news: which step, and why, without what a terminal would obey', async () => {
  const steps = [{ name: 'severed', ok: false, ms: 15_000, detail: 'gw-2 \u001b[2Jstill serves' }] as const;
  drills.begins = { ...ended, state: 'failed', steps, text: 'Drill FAILED at severed: gw-2 still serves' };
  const { code, stdout, stderr } = await drill();
  expect([code, stderr]).toEqual([1, 'Drill FAILED at severed: gw-2 still serves\n']);
  expect(stdout).toContain('! severed  15.00 s\n    gw-2 \ufffd[2Jstill serves\n');
  expect((await drill('--json')).code).toBe(1);
});

it('one that is not to be now is bad news; a token that is not known, and what is no option, are wrong use', async () => {
  drills.refusal = { refused: 'not-now', detail: 'agent is severed.' };
  expect(await drill()).toMatchObject({ code: 1, stderr: expect.stringContaining('agent is severed.') });
  expect(await call(['drill'], { url: door.url, token: 'reader' })).toMatchObject({ code: 1 });
  expect(await call(['drill'], { url: door.url, token: 'nobody' })).toMatchObject({ code: 2 });
  expect(await drill('--wait', '3')).toMatchObject({ code: 2 });
  expect(drills.asked).toEqual([{ by: 'token:driller' }]);
});

describe('--list', () => {
  it('begins none, and says how the last ones went and when the next is due', async () => {
    const skipped: DrillReport = { ...ended, state: 'skipped', by: 'schedule', steps: [], text: 'Drill skipped: why' };
    drills.known = [skipped, ended];
    drills.due = NOW + 60_000;
    expect(await drill('--list')).toEqual({
      code: 0,
      stdout: [
        '2026-01-02T03:04:05.000Z  skipped  schedule: Drill skipped: why',
        '2026-01-02T03:04:05.000Z  passed   token:driller: Drill passed.',
        'The next is due at 2026-01-02T03:05:05.000Z.',
        '',
      ].join('\n'),
      stderr: '',
    });
    expect(drills.asked).toEqual([{ limit: 20 }]);
    const { stdout } = await drill('--list', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      drills: [{ state: 'skipped' }, {}],
      nextAt: '2026-01-02T03:05:05.000Z',
    });
  });

  it('is bad news when the last one that came to its end failed', async () => {
    drills.known = [
      { ...ended, state: 'failed', brokenOff: 'a fire' },
      { ...ended, state: 'failed', text: 'FAILED' },
    ];
    expect(await drill('--list')).toMatchObject({ code: 1, stderr: 'FAILED\n' });
    drills.known = [{ ...ended, state: 'failed', brokenOff: 'a fire' }, ended];
    expect(await drill('--list')).toMatchObject({ code: 0 });
  });

  it('says that there was none, and that none is due', async () => {
    expect(await drill('--list')).toMatchObject({
      code: 0,
      stdout: 'There was no drill yet.\nNone is due by schedule (drills.schedule).\n',
    });
  });
});
