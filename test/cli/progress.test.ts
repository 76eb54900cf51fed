import { PassThrough } from 'node:stream';
import { progressOn } from '../../src/cli/progress';

function terminal(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY });
  let now = 0;
  const progress = progressOn(stream, () => now);
  return { progress, wait: (ms: number) => (now += ms), written: () => String(stream.read() ?? '') };
}

it('shows a bar on a terminal, at most ten times a second, and takes it away', () => {
  const { progress, wait, written } = terminal(true);
  progress.show(0.5, '10 rows');
  progress.show(0.6, '12 rows');
  expect(written()).toBe(`\r\x1b[K[${'#'.repeat(15)}${'.'.repeat(15)}] 50 % 10 rows`);
  wait(100);
  progress.show(undefined, '20 rows');
  expect(written()).toBe('\r\x1b[K20 rows');
  progress.clear();
  progress.clear();
  expect(written()).toBe('\r\x1b[K');
  // What took its place is followed by it at once.
  progress.show(1, 'all');
  expect(written()).toContain('100 % all');
});

it('writes nothing where there is no terminal', () => {
  const { progress, written } = terminal(false);
  progress.show(0.5, '10 rows');
  progress.clear();
  expect(written()).toBe('');
});
