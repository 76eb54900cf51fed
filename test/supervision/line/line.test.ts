import pino from 'pino';
import { about, type Finding } from '../../../src/supervision/checks/finding';
import { judgeFindings } from '../../../src/supervision/line/judge';
import { Line, type Watcher } from '../../../src/supervision/line/line';
import { until } from '../../support/until';

const { ok, warning, doubt, quiet, fault } = about('x');

describe('what a look found, as one condition', () => {
  it.each<[string, readonly Finding[], string, string]>([
    ['well', [ok('a'), ok('b')], 'normal', 'a; b'],
    ['a warning', [ok('a'), warning('b', 'mend')], 'supervisory', 'b'],
    ['a doubt', [doubt('unseen', 'look'), warning('b', 'mend')], 'trouble', 'unseen'],
    ['a fault', [warning('b', 'mend'), fault('c', 'now'), fault('c', 'now')], 'trouble', 'c'],
    ['nothing at all', [], 'trouble', 'was not looked at'],
  ])('%s', (_what, findings, signal, detail) => {
    expect(judgeFindings(findings)).toMatchObject({ signal, detail });
  });

  it('says what to do, and what nobody is called for', () => {
    expect(judgeFindings([fault('c', 'now')]).todo).toBe('now');
    expect(judgeFindings([quiet('c', 'if it is not meant')]).quiet).toBe(true);
    expect(judgeFindings([quiet('c', ''), warning('d', 'e')]).quiet).toBeUndefined();
  });
});

let line: Line;
let at: number;
const said: string[] = [];
beforeEach(() => {
  at = 0;
  said.length = 0;
  line = new Line({
    tell: {
      trouble: (key, _text, signal) => void said.push(`${signal} ${key}`),
      cleared: (key) => void said.push(`cleared ${key}`),
      hush: (key) => void said.push(`hush ${key}`),
    },
    ...{ logger: pino({ level: 'silent' }), now: () => at, monotonic: () => at, sweepMs: 5, everyMs: 5 },
  });
});
afterEach(() => line.close());

const only = (name: string, look: () => unknown, withinMs = 1_000): Watcher => ({
  ...{ parts: [{ name }], everyMs: 60_000, withinMs },
  look: async () => ({ [name]: (await look()) as readonly Finding[] }),
});
const part = (name: string) => {
  const found = line.parts().find((one) => one.name === name);
  if (!found) throw new Error(`there is no part ${name}`);
  return found;
};

describe('law 7, unknown is trouble, never well', () => {
  it('a part that was never looked at', () => {
    line.watch(only('a', () => new Promise(() => undefined)));
    line.expect({ name: 'b' });
    expect([part('a').signal, part('b').signal]).toEqual(['trouble', 'trouble']);
    expect(part('a').lastWell).toBeUndefined();
  });

  it('a watcher that throws, that finds nothing, and that takes too long; the others go on', async () => {
    line.watch(
      only('throws', () => {
        throw new Error('broken inside');
      }),
    );
    line.watch(only('finds nothing', () => []));
    line.watch(only('hangs', () => new Promise(() => undefined), 10));
    line.watch(only('well', () => [ok('so')]));
    line.start();
    await until(() => part('well').signal === 'normal' && part('throws').detail.includes('broken inside'));
    await until(() => part('hangs').detail.includes('could not be looked at'));
    expect(['throws', 'finds nothing', 'hangs'].map((name) => part(name).signal)).toEqual(Array(3).fill('trouble'));
    // A look that hangs is not begun again and again.
    await until(() => part('hangs').detail.includes('has not ended yet'));
  });

  it('one that reported and is silent since; and who reports again is well again', async () => {
    line.report({ name: 'drill', signal: 'normal', detail: 'passed', goodForMs: 1_000 });
    line.expect({ name: 'quiet', silence: 'supervisory' }, 1_000);
    line.start();
    at = 1_001;
    expect(part('drill')).toMatchObject({ signal: 'trouble', detail: expect.stringMatching(/not reported in time/) });
    expect(part('drill')).toMatchObject({ since: 1_001, lastWell: 0 });
    expect(part('quiet').signal).toBe('supervisory');
    await until(() => said.includes('trouble watchers'));
    expect(said).not.toContain('trouble drill');
    line.report({ name: 'drill', signal: 'normal', detail: 'passed', goodForMs: 1_000 });
    expect(part('drill').signal).toBe('normal');
    expect(said.at(-1)).toBe('cleared watchers');
  });

  it('a sense that throws', () => {
    line.sense({
      name: 'queue',
      sense: () => {
        throw new Error('no');
      },
    });
    expect(part('queue').signal).toBe('trouble');
  });
});

it('says since when, and when it was last well', () => {
  line.report({ name: 'a', signal: 'normal', detail: 'so' });
  at = 5;
  line.report({ name: 'a', signal: 'supervisory', detail: 'soon' });
  at = 7;
  line.report({ name: 'a', signal: 'trouble', detail: 'broken', todo: 'mend' });
  at = 9;
  line.report({ name: 'a', signal: 'trouble', detail: 'still', todo: 'mend' });
  expect(part('a')).toEqual({ name: 'a', signal: 'trouble', detail: 'still', todo: 'mend', since: 7, lastWell: 5 });
});

it('one cause is one call: what another part explains is shown and not told, and looked at again when that is over', async () => {
  let looks = 0;
  let findings: readonly Finding[] = [fault('401', 'correct it')];
  line.report({ name: 'cutter', signal: 'trouble', detail: '401' });
  line.watch({
    ...{ parts: [{ name: 'admin', because: 'cutter' }], everyMs: 60_000, withinMs: 1_000 },
    look: async () => {
      looks += 1;
      return { admin: findings };
    },
  });
  line.start();
  await until(() => part('admin').detail === '401');
  expect(said).toContain('hush admin');
  expect(said).not.toContain('trouble admin');
  findings = [ok('writes')];
  const before = looks;
  line.report({ name: 'cutter', signal: 'normal', detail: 'well' });
  await until(() => looks > before && part('admin').signal === 'normal');
  // While the cause is over and this one still stands, it is told.
  findings = [fault('403', 'correct it')];
  await until(() => said.includes('trouble admin'));
});

it('what comes to an end is no trouble', async () => {
  line.report({ name: 'ledger', signal: 'normal', detail: 'answers' });
  line.start();
  await line.close();
  line.report({ name: 'ledger', signal: 'trouble', detail: 'closed' });
  expect(part('ledger').signal).toBe('normal');
});
