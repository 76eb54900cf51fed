import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { luacheck } from './parts/install';

const top = join(__dirname, '../..');
const files = ['src', 'gateway']
  .flatMap((folder) =>
    readdirSync(join(top, folder), { recursive: true, encoding: 'utf8' }).map((at) => join(folder, at)),
  )
  .filter((file) => file.endsWith('.lua'));
const check = (args: readonly string[], input = '') =>
  spawnSync(luacheck(), ['--std', 'ngx_lua', '--no-color', ...args], { cwd: top, encoding: 'utf8', input });

it.each(files)('luacheck finds nothing in %s', (file) => {
  const { status, stdout } = check([file]);
  expect([status, stdout]).toEqual([0, expect.stringContaining('0 warnings / 0 errors in 1 file')]);
});

it('and would find a global that nobody defines', () => {
  expect(files.length).toBeGreaterThanOrEqual(3);
  expect(check(['-'], 'return severd').status).toBe(1);
});
