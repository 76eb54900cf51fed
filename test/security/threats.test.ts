import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** SECURITY.md: every threat says who, how, what is done, what is left, and names tests that are there. */

const top = join(__dirname, '../..');
const text = readFileSync(join(top, 'SECURITY.md'), 'utf8');
const threats = (/^## Threats$(.*?)^## /ms.exec(text)?.[1] ?? '').split(/^### /m).slice(1);
const nameOf = (threat: string): string => threat.slice(0, threat.indexOf('\n'));

interface Named {
  readonly file: string;
  readonly test: string;
}

/** `file` "a test", "another"; `another file` "a test". */
function named(threat: string): readonly Named[] {
  const [, shown = ''] = threat.split('*Shown by* ');
  return [...shown.matchAll(/`(test\/[^`]+\.test\.ts)`((?:,? "[^"]+")+)/g)].flatMap(([, file = '', list = '']) =>
    [...list.matchAll(/"([^"]+)"/g)].map(([, test = '']) => ({ file, test })),
  );
}

/** What stands behind `it(`, `test(` or the like, as the first argument: a name in a comment is none. */
function hasTest({ file, test }: Named): boolean {
  const path = join(top, file);
  if (!existsSync(path)) return false;
  const source = readFileSync(path, 'utf8');
  const quoted = [`'${test.replaceAll("'", "\\'")}'`, `"${test}"`, `\`${test}\``];
  return quoted.some((name) =>
    source
      .split(name)
      .slice(0, -1)
      .some((before) => /[()\]]\s*\(\s*$|\b(it|test)\(\s*$/.test(before)),
  );
}

it('has the threats that were thought of', () => {
  expect(threats.length).toBeGreaterThanOrEqual(25);
  expect(new Set(threats.map(nameOf)).size).toBe(threats.length);
});

describe.each(threats.map((threat) => [nameOf(threat), threat] as const))('%s', (_name, threat) => {
  it('says who and how, what Pullcord does, and what is left', () => {
    const marks = ['*Who, how.* ', '*Pullcord.* ', '*Left.* ', '*Shown by* '].map((mark) => threat.indexOf(mark));
    expect(marks.every((at) => at > 0)).toBe(true);
    expect(marks).toEqual([...marks].sort((a, b) => a - b));
  });

  it('names tests that are there', () => {
    expect(named(threat).length).toBeGreaterThan(0);
    expect(named(threat).filter((one) => !hasTest(one))).toEqual([]);
  });
});

it('finds that one is not there', () => {
  const file = 'test/security/threats.test.ts';
  expect(hasTest({ file, test: 'finds that one is not there' })).toBe(true);
  expect(hasTest({ file, test: 'no test of that name' })).toBe(false);
  expect(hasTest({ file: 'test/security/none.test.ts', test: 'x' })).toBe(false);
});
