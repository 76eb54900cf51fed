import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema, tokenRight } from '../../src/config/schema';
import { type Operation, operations } from '../../src/intake/http/operations';
import { tokenChecker } from '../../src/intake/http/tokens';
import { type Door, FakeDesk, openDoor, secretOf, tokenOf, tokens } from '../support/http';

/** Threat: a token of the internal API is stolen. It can do what its rights say, and never restore. */

describe('a token', () => {
  let desk: FakeDesk;
  let door: Door;
  beforeEach(async () => {
    desk = new FakeDesk();
    door = await openDoor({ desk });
  });
  afterEach(() => door.listener.close(0));

  it.each(tokens.map(({ name }) => name))('restores nothing, whatever its rights: %s', async (token) => {
    for (const more of [{}, { operator: 'alice' }, { operator: token }, { reason: 'x' }]) {
      const { status } = await door.call('POST', '/api/v1/orders', { token, body: { action: 'restore', ...more } });
      expect([401, 403]).toContain(status);
    }
    expect(desk.asked).toEqual([]);
  });

  it('has no right that is called restore, and no operation takes one', () => {
    expect(tokenRight.options).not.toContain('restore');
    for (const { access } of Object.values<Operation>(operations)) expect([access].flat()).not.toContain('restore');
  });

  it.each(
    // Signing in and out is for whoever has our page: no token is asked for, and none would help.
    Object.entries<Operation>(operations).flatMap(([id, { method, path, access }]) =>
      access === 'open' || access === 'page' ? [] : [[id, method, path] as const],
    ),
  )('is asked for by %s, before anything else is looked at', async (_id, method, path) => {
    const address = path.replace(/\{\w+\}/, '1');
    for (const token of ['', 'unknown'])
      for (const body of [undefined, 'no JSON {'])
        if (body === undefined || method !== 'get')
          expect(await door.call(method.toUpperCase(), address, { token, body })).toMatchObject({ status: 401 });
    expect(desk.asked).toEqual([]);
  });

  it('stands in no answer, no log line and no refusal, and neither does its hash', async () => {
    for (const { name } of tokens) {
      await door.call('GET', '/api/v1/token', { token: name });
      const { text, headers } = await door.call('POST', '/api/v1/orders', { token: name, body: { action: 'sever' } });
      const all = [
        text,
        JSON.stringify([...headers]),
        ...door.logged,
        JSON.stringify([desk.refusals, desk.asked]),
      ].join();
      expect(all).not.toContain(secretOf(name));
      for (const { sha256 } of tokens) expect(all).not.toContain(sha256);
    }
  });
});

describe('rotation', () => {
  const at = (names: readonly string[]) => tokenChecker(names.map((name) => tokenOf(name, ['stop'])));
  const kindOf = (check: ReturnType<typeof tokenChecker>, name: string) => check(`Bearer ${secretOf(name)}`).kind;

  it('has both while the new one is handed out, and then the new one alone', () => {
    const [before, while_, after] = [at(['old']), at(['old', 'new']), at(['new'])];
    expect([before, while_, after].map((check) => kindOf(check, 'old'))).toEqual(['known', 'known', 'wrong']);
    expect([before, while_, after].map((check) => kindOf(check, 'new'))).toEqual(['wrong', 'known', 'known']);
  });

  it('takes no token in clear: the configuration holds hashes alone', () => {
    const parse = (sha256: string) =>
      configSchema.shape.api.safeParse({ tokens: [{ name: 'n8n', sha256, rights: ['stop'] }] }).success;
    expect(parse(createHash('sha256').update('x').digest('hex'))).toBe(true);
    for (const clear of ['x', 'a'.repeat(63), 'plain-token-of-some-length', '']) expect(parse(clear)).toBe(false);
    const example = readFileSync(join(__dirname, '../../pullcord.example.yaml'), 'utf8');
    expect(example).toMatch(/sha256: /);
  });
});
