import fc from 'fast-check';
import { cookieJar } from '../../../src/intake/console/cookie';
import { sent } from '../../support/session';

const key = Buffer.alloc(32, 1);
const about = { name: 'c', purpose: 'session', maxAgeSeconds: 900, sameSite: 'Strict' } as const;
const jar = cookieJar(key, false, about);

it('comes back as it was made, among others', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (value) => {
      expect(jar.read(`a=b; ${sent(jar.make(value))}; cc=d`)).toEqual({ kind: 'ours', value });
    }),
  );
});

it('with one character changed is forged, wherever it is', () => {
  const cookie = sent(jar.make({ name: 'alice', until: 1 }));
  for (let at = 'c='.length; at < cookie.length; at++)
    for (const other of ['A', 'B', '.', '-']) {
      // The last character of a signature holds two bits that mean nothing.
      if (cookie[at] === other || at === cookie.length - 1) continue;
      expect(jar.read(cookie.slice(0, at) + other + cookie.slice(at + 1)).kind).toBe('forged');
    }
});

it.each([
  ['of another key', sent(cookieJar(Buffer.alloc(32, 2), false, about).make({}))],
  ['for another purpose', sent(cookieJar(key, false, { ...about, purpose: 'openid' }).make({}))],
  ['without a signature', 'c=e30'],
  ['with an empty signature', 'c=e30.'],
  ['with more behind it', `${sent(jar.make({}))}.x`],
  ['that came twice', `${sent(jar.make({}))}; ${sent(jar.make({}))}`],
])('%s is forged', (_what, cookie) => {
  expect(jar.read(cookie).kind).toBe('forged');
});

it.each([undefined, '', 'c=', 'd=e30.x', 'c', '=c'])('%j is none', (header) => {
  expect(jar.read(header)).toEqual({ kind: 'none' });
});

it('over https it has the prefix that no neighbour can plant, and Secure', () => {
  const secure = cookieJar(key, true, about);
  expect(secure.make({})).toMatch(/^__Host-c=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Secure; Max-Age=900$/);
  expect(secure.clear()).toBe('__Host-c=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0');
  expect(secure.read(sent(jar.make({})))).toEqual({ kind: 'none' });
  expect(jar.make({})).toMatch(/^c=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=900$/);
});
