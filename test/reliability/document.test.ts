import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KNOWN } from './matrix/components';
import { failedIn, isInForm, written } from './matrix/table';

const document = readFileSync(join(__dirname, '../../docs/reliability.md'), 'utf8');

it('docs/reliability.md names exactly the cells that there are, and none failed that is not known to', () => {
  const document = readFileSync(join(__dirname, '../../docs/reliability.md'), 'utf8');
  expect(isInForm(document)).toBe(true);
  expect(failedIn(document).filter((name) => !KNOWN.has(name))).toEqual([]);
});

it('a run writes what it played, and leaves the rest as it was', () => {
  const cell = { component: 'Redis', fault: 'hang', moment: 'before STOP' } as const;
  const after = written(document, [{ ...cell, ms: 98_765, broken: [], openedMs: 0 }]);
  const changed = after.split('\n').filter((line, index) => line !== document.split('\n')[index]);
  expect(changed).toEqual([expect.stringMatching(/^\| hang \| 98\.8 \|/)]);
  const failed = written(document, [{ ...cell, ms: 98_765, broken: ['law 5'], openedMs: 0 }]);
  expect(failedIn(failed).filter((name) => !KNOWN.has(name))).toEqual(['Redis, hang, before STOP']);
  expect(isInForm(failed)).toBe(true);
  expect(isInForm(document.replace('### Redis', '### Another'))).toBe(false);
});
