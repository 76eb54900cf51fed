import { cookieJar } from '../../../src/intake/console/cookie';
import { nameInLedger, type Person, SESSION_SECONDS } from '../../../src/intake/console/session';
import type { Operator } from '../../../src/operators/operator';
import { people, TestClock, testOperators } from '../../support/desk';
import { sent, testSessions } from '../../support/session';

const clock = new TestClock();
const [alice, bob] = people as [Operator, Operator];

const sessionsOf = (operators: readonly Operator[] = people, options = {}) =>
  testSessions({ operators: testOperators(operators), now: clock.now, ...options });
const begun = (person: Person = { by: 'code', name: 'alice' }) => {
  const made = sessionsOf().begin(person);
  if (!made) throw new Error('did not begin');
  return { ...made, cookie: sent(made.cookie) };
};

it('of an operator has what the operator may do, for 15 minutes', () => {
  const { session, cookie } = begun();
  expect(session).toMatchObject({ name: 'alice', operator: 'alice', by: 'code', rights: alice.rights });
  expect(session.until).toBe(clock.now() + 15 * 60_000);
  expect(sessionsOf().of(cookie)).toEqual({ kind: 'known', session });
});

it('is over at its end, on another instance as well, and never begins again when the clock goes back', () => {
  const { cookie } = begun();
  const elsewhere = sessionsOf();
  clock.advance(SESSION_SECONDS - 1);
  expect(elsewhere.of(cookie).kind).toBe('known');
  clock.advance(1);
  expect(elsewhere.of(cookie)).toEqual({ kind: 'ended' });
  clock.advance(-SESSION_SECONDS - 1);
  expect(elsewhere.of(cookie)).toEqual({ kind: 'ended' });
  clock.advance(1);
});

it.each<[string, readonly Operator[], unknown]>([
  ['removed: nothing any more', [bob], { kind: 'ended' }],
  ['who lost stop', [{ ...alice, rights: ['status'] }, bob], { session: { rights: ['status'] } }],
  ['who got another right', [{ ...alice, rights: ['stop'] }, bob], { session: { rights: ['stop'] } }],
])('follows the file of operators at once: one %s', (_what, operators, expected) => {
  const { cookie, session } = begun();
  const now = sessionsOf(operators);
  expect(now.of(cookie)).toMatchObject(expected as object);
  expect(now.still(session)?.rights).toEqual((expected as { session?: { rights: string[] } }).session?.rights);
});

it('signed out of is over on this instance; others go on', () => {
  const sessions = sessionsOf();
  const other = begun({ by: 'code', name: 'bob' });
  const { session, cookie } = begun();
  expect(sessions.of(cookie).kind).toBe('known');
  expect(sessions.end(session)).toMatch(/=; .*Max-Age=0$/);
  expect(sessions.of(cookie)).toEqual({ kind: 'ended' });
  expect(sessions.still(session)).toBeUndefined();
  expect(sessions.of(other.cookie).kind).toBe('known');
});

it('remembers only so many that were signed out of, and only as long as they would last', () => {
  const sessions = sessionsOf();
  const first = begun();
  sessions.end(first.session);
  for (let i = 0; i < 1_000; i++) sessions.end(begun().session);
  // The oldest made room: it lasts for its 15 minutes at most.
  expect(sessions.of(first.cookie).kind).toBe('known');
});

describe('by the identity provider', () => {
  const person = { by: 'openid', name: 'alice', rights: ['status'] } as const;

  it('has the rights that its roles map to, whatever the operator of that name may do', () => {
    const { session, cookie } = begun(person);
    expect(session).toMatchObject({ by: 'openid', name: 'alice', operator: 'alice', rights: ['status'] });
    expect(sessionsOf([]).of(cookie)).toMatchObject({ kind: 'known', session: { rights: ['status'] } });
    expect(sessionsOf([]).of(cookie)).not.toHaveProperty('session.operator');
    expect(nameInLedger(session)).toBe('openid:alice');
  });

  it('is over where no provider is configured any more, and never begins without a right', () => {
    expect(sessionsOf(people, { openid: false }).of(begun(person).cookie)).toEqual({ kind: 'ended' });
    expect(sessionsOf().begin({ ...person, rights: [] })).toBeUndefined();
  });
});

it('is never begun by the operator of drills, not even where somebody wrote it into the file', () => {
  const sessions = sessionsOf([{ ...alice, name: 'drill' }]);
  expect(sessions.begin({ by: 'code', name: 'drill' })).toBeUndefined();
  expect(sessions.begin({ by: 'code', name: 'nobody' })).toBeUndefined();
});

it.each<[string, object]>([
  ['without an end', { id: 'a', name: 'alice', by: 'code' }],
  ['with more in it', { id: 'a', name: 'alice', by: 'code', until: clock.now() + 1, more: true }],
  ['by another way', { id: 'a', name: 'alice', by: 'phone', until: clock.now() + 1 }],
])('%s, though it is signed, is nobody', (_what, value) => {
  const jar = cookieJar(Buffer.alloc(32, 7), false, {
    ...{ name: 'pullcord-session', purpose: 'session', maxAgeSeconds: 9, sameSite: 'Strict' },
  });
  expect(sessionsOf().of(sent(jar.make(value)))).toEqual({ kind: 'forged' });
});
