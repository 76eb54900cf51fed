import { beatOf, type HeartbeatConfig, whyNot } from '../../../src/supervision/heartbeat/beat';
import type { Readiness } from '../../../src/supervision/readiness';

const of = (url: string, change: Partial<HeartbeatConfig> = {}): HeartbeatConfig => ({
  ...{ url, periodSeconds: 60, kind: 'auto', downWhen: 'disarmed' },
  ...change,
});
const part = (name: string, ok: boolean) => ({ name, ok, detail: 'with +15550100100 in it' });
const ready = (state: Readiness['state']): Readiness => ({
  state,
  parts: [part('queue', state === 'armed'), part('ledger', true), part('twilio', state !== 'disarmed')],
});

const HC = 'https://hc-ping.com/0d338dcc-0000-4000-8000-0242ac120002';
const KUMA = 'https://kuma.example.org/api/push/abc123?status=up&msg=OK&ping=';

it.each<[Readiness['state'], Partial<HeartbeatConfig>, boolean, string, string]>([
  ['armed', {}, true, HC, 'armed\n'],
  ['degraded', {}, true, HC, 'degraded: queue\n'],
  ['degraded', { downWhen: 'degraded' }, false, `${HC}/fail`, 'degraded: queue\n'],
  ['disarmed', {}, false, `${HC}/fail`, 'disarmed: queue, twilio\n'],
])('healthchecks.io: %s, %j', (state, change, up, url, body) => {
  expect(beatOf(of(HC, change), ready(state), 7)).toEqual({ up, method: 'POST', url, body });
});

it('keeps what stands behind the address, and /fail before it', () => {
  expect(beatOf(of('https://hc.example.org/ping/key/slug/?create=1'), ready('disarmed'), 7).url).toBe(
    'https://hc.example.org/ping/key/slug/fail?create=1',
  );
});

it.each<[Readiness['state'], Partial<HeartbeatConfig>, string]>([
  ['armed', {}, '?status=up&msg=armed&ping=12'],
  ['degraded', {}, '?status=up&msg=degraded%3A+queue&ping=12'],
  ['degraded', { downWhen: 'degraded' }, '?status=down&msg=degraded%3A+queue&ping=12'],
  ['disarmed', {}, '?status=down&msg=disarmed%3A+queue%2C+twilio&ping=12'],
])('Uptime Kuma: %s, %j', (state, change, query) => {
  const beat = beatOf(of(KUMA, change), ready(state), 12.3);
  expect(beat).toMatchObject({ method: 'GET', url: `https://kuma.example.org/api/push/abc123${query}` });
  expect(beat.body).toBeUndefined();
});

it('the kind can be said', () => {
  expect(
    beatOf(of('https://kuma.example.org/behind/abc', { kind: 'uptime-kuma' }), ready('armed'), undefined).url,
  ).toBe('https://kuma.example.org/behind/abc?status=up&msg=armed&ping=');
});

it('names parts, and tells a stranger nothing else of them; bounded', () => {
  const many = { state: 'degraded' as const, parts: Array.from({ length: 200 }, (_, i) => part(`part ${i}`, false)) };
  const { body = '' } = beatOf(of(HC), many, 1);
  expect(body).not.toContain('+1555');
  expect(body.length).toBeLessThanOrEqual(201);
});

const answered = (status: number, data: unknown = 'OK') => ({ status, data, headers: {} });
it.each([
  ['taken', answered(200), undefined],
  ['taken by Uptime Kuma', answered(200, { ok: true }), undefined],
  ['unknown, as healthchecks.io says it', answered(200, 'OK (not found)'), /does not know/],
  ['unknown', answered(404, 'not found'), /does not know/],
  ['refused by Uptime Kuma', answered(200, { ok: false, msg: 'x' }), /refused/],
  ['too often', answered(429), /so often/],
  ['too often, as healthchecks.io says it', answered(200, 'OK (rate limited)'), /so often/],
  ['elsewhere', answered(301), /leads elsewhere/],
  ['broken', answered(500, { ok: false }), /refused the ping \(500\)/],
  ['out of reach', { code: 'ECONNREFUSED' }, /ECONNREFUSED/],
] as const)('%s', (_why, came, what) => {
  const why = whyNot(came);
  if (what === undefined) expect(why).toBeUndefined();
  else expect(why).toMatchObject({ what: expect.stringMatching(what), todo: expect.stringMatching(/\w/) });
});
