import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { call } from './call';

const folder = mkdtempSync(join(tmpdir(), 'pullcord-tune-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const tune = (...argv: readonly string[]) => call(['tripwire', 'tune', ...argv], { url: '', token: '' });

const HASH = 'ab'.repeat(32);
const T = Date.UTC(2026, 0, 5) / 1000;
const [HOUR, DAY] = [3_600, 86_400];

/** An agent that works by day, and on one of the days at a hundred times the price for ten minutes. */
function samples(days: number, incidentOn?: number): string {
  const lines = ['ts,key,model,spend_total,prompt_tokens_total,completion_tokens_total'];
  const add = (at: number, key: string, usd: number) =>
    lines.push(`${at},${key},m,${usd.toFixed(4)},${Math.round(usd * 1e5)},0`);
  let [own, other] = [1, 1];
  for (let day = 0; day < days; day += 1)
    for (let hour = 8; hour < 18; hour += 1)
      for (let minute = 0; minute < 30; minute += 1) {
        const at = T + day * DAY + hour * HOUR + minute * 60;
        const burns = day === incidentOn && hour === 12 && minute < 10;
        own += burns ? 10 : 0.1;
        other += 0.01;
        add(at, HASH, own);
        add(at, 'other', other);
      }
  return `${lines.join('\n')}\n`;
}

it('proposes ceilings with their reasons, what they would have tripped, and lines to paste', async () => {
  const { code, stdout, stderr } = await tune(file('two-weeks.csv.gz', gzipSync(samples(14, 9))));
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^8,400 rows of 2 keys over 13\.4 days; /);
  expect(stdout).toContain(
    '\nkey abababab\n  $1 a minute              lower makes no sense; the fullest minute was $0.1',
  );
  expect(stdout).toMatch(/left out as like no other day: \$1\d\.\d\d 14 Jan 12:0\d/);
  expect(stdout).toMatch(/\n {2}profile agent: spends in 50 %/);
  expect(stdout).toMatch(/These ceilings would have tripped (once|\d+ times) in this history/);
  expect(stdout).toMatch(/\n {2}2026-01-14 12:0\d:00 {2}key abababab: \$\d.*ceiling \$1\.00/);
  expect(stdout).toContain(`\nFor pullcord.yaml:\n\ntripwire:\n  whole:\n`);
  expect(stdout).toContain(`    key-abababab:\n      key: '${HASH}'\n      profile: agent\n`);
});

it('keys beyond --top share the ceilings of the one of them that spent most', async () => {
  const { stdout } = await tune(file('a.csv', samples(5)), '--top', '1');
  expect(stdout).toContain('every other key (1), after the one of them that spent most');
  expect(stdout).toContain('tripwire:\n  defaults:\n    ceilings:\n      usd:\n        perMinute: 1 #');
  expect(stdout).not.toContain('calls other');
  expect(stdout).toMatch(/\nNone of these ceilings would have tripped in this history\./);
});

it('is honest about too little data', async () => {
  const { code, stdout } = await tune(file('b.csv', samples(1)));
  expect(code).toBe(0);
  expect(stdout).toContain('Only 0.4 days: take these for guesses, not for ceilings.');
});

it('says the same to a program', async () => {
  const { stdout } = await tune(file('c.csv', samples(14, 9)), '--json');
  const told = JSON.parse(stdout);
  expect(told).toMatchObject({
    ...{ rows: 8_400, days: expect.closeTo(13.4, 1) },
    keys: [{ key: HASH, profile: 'agent' }, { key: 'other' }],
    tripped: {
      ceilings: expect.any(Number),
      byCeilings: expect.arrayContaining([expect.objectContaining({ key: HASH })]),
    },
    yaml: expect.stringMatching(/^tripwire:\n/),
  });
  expect(told.keys[0].ceilings[0]).toMatchObject({
    ...{ unit: 'usd', windowSeconds: 60, limit: 1, reason: expect.stringContaining('lower makes no sense') },
    leftOut: [{ ts: expect.closeTo(T + 9 * DAY + 12 * HOUR, -4) }],
  });
  expect(told.caveat).toBeUndefined();
  expect(told.tripped.ceilings).toBeGreaterThan(0);
});

it.each<[string, () => readonly string[], number, string]>([
  ['the standard input', () => ['-'], 2, 'read twice: name a file'],
  ['a file that is not there', () => [join(folder, 'gone.csv')], 2, 'there is no such file'],
  ['a file without a row', () => [file('empty.csv', '')], 1, 'no row of samples'],
])('%s is told', async (_, argv, exitCode, message) => {
  const { code, stdout, stderr } = await tune(...argv());
  expect([code, stdout, stderr]).toEqual([exitCode, '', expect.stringContaining(message)]);
});
