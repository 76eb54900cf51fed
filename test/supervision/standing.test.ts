import type { LinePart } from '../../src/supervision/line/part';
import { readiness } from '../../src/supervision/readiness';
import { standing } from '../../src/supervision/standing';

const NAMES = [
  ...['cutter apisix main', 'guard main', 'ledger', 'queue', 'sms', 'admin main', 'clamp main', 'nodes main'],
  ...['clock main', 'scopes', 'ledger writes', 'clock', 'disk', 'operators', 'twilio', 'tripwire'],
];

/** All of it, as it should be but for these. */
const parts = (broken: readonly string[] = [], soon: readonly string[] = []): LinePart[] =>
  NAMES.map((name) => ({
    ...{ name, detail: 'so', since: 0, lastWell: 0 },
    signal: broken.includes(name) ? 'trouble' : soon.includes(name) ? 'supervisory' : 'normal',
  }));

const main = { method: 'auto' as const, guard: undefined };
const guarded = { method: 'auto' as const, guard: { controlUrls: [], secret: '' } };
const stand = (broken: readonly string[], gateway: typeof main | typeof guarded = main, required: string[] = []) =>
  standing({ parts: parts(broken), gateways: { main: gateway }, required, hasDoor: true });

it('law 7, supervised: all well is armed, and so is what only wants looking after', () => {
  expect(stand([])).toEqual({ state: 'armed', works: ['STOP works at main.', 'RESTORE works.'] });
  const soon = standing({ parts: parts([], NAMES), gateways: { main }, required: [], hasDoor: true });
  expect(soon.state).toBe('armed');
});

it.each<[string, readonly string[], string, RegExp]>([
  ['the clamp is not armed', ['clamp main'], 'degraded', /STOP works.*rewrites the routes one by one/],
  ['the ledger is away', ['ledger', 'ledger writes'], 'degraded', /STOP works.*RESTORE refuses.*ledger, ledger writes/],
  ['the ledger is read-only', ['ledger writes'], 'degraded', /RESTORE refuses until this is mended: ledger writes/],
  ['the clock went back', ['clock'], 'degraded', /RESTORE refuses until this is mended: clock/],
  ['the queue is away', ['queue'], 'degraded', /go on without the queue/],
  ['a node is away', ['nodes main'], 'degraded', /"severed" is not said until it is/],
  ['Twilio calls elsewhere', ['twilio'], 'degraded', /may not arrive/],
  ['the tripwire sees nothing', ['tripwire'], 'degraded', /a person has to/],
  ['the Admin API refuses writes', ['admin main'], 'disarmed', /STOP does not cut at main/],
  ['the cutter hangs', ['cutter apisix main'], 'disarmed', /STOP does not cut at main/],
])('%s: %j is %s', (_why, broken, state, works) => {
  const found = stand(broken);
  expect(found.state).toBe(state);
  expect(found.works.join(' ')).toMatch(works);
});

it.each<[readonly string[], string, RegExp]>([
  [['admin main', 'clamp main', 'cutter apisix main'], 'degraded', /At main the guard alone cuts.*RESTORE is taken/],
  [['guard main'], 'degraded', /STOP works at main/],
  [['admin main', 'guard main'], 'disarmed', /STOP does not cut at main/],
])('with a guard: %j is %s', (broken, state, works) => {
  const found = stand(broken, guarded);
  expect(found.state).toBe(state);
  expect(found.works.join(' ')).toMatch(works);
});

it.each(['clamp', 'rewrite'] as const)('method %s has no other rung', (method) => {
  const by = (broken: readonly string[]) =>
    standing({ parts: parts(broken), gateways: { main: { method, guard: undefined } }, required: [], hasDoor: true });
  expect(by(['clamp main']).state).toBe(method === 'clamp' ? 'disarmed' : 'degraded');
});

it('fails towards disarmed: what is not known, nobody who may, no gateway, a required cutter', () => {
  expect(standing({ parts: [], gateways: { main }, required: [], hasDoor: true }).state).toBe('disarmed');
  expect(standing({ parts: parts(), gateways: {}, required: [], hasDoor: true }).state).toBe('disarmed');
  expect(standing({ parts: parts(), gateways: { main }, required: [], hasDoor: false }).state).toBe('disarmed');
  expect(stand([], main, ['cutter webhook mesh']).state).toBe('disarmed');
});

it('tells the three signals apart, and shows a cut as an alarm while it lasts', () => {
  const { state, parts: shown } = readiness({
    ...{ parts: parts(['twilio'], ['disk']), cutters: [{ name: 'apisix main', required: true }], operators: [] },
    config: { api: { tokens: [{ name: 'n8n', sha256: '', rights: ['stop'] }] }, gateways: { main: main as never } },
    latches: [
      { scope: 'agent', state: 'severed', order: 7, since: 5 },
      { scope: 'llm', state: 'live', order: 0, since: 0 },
      { scope: 'drill', state: 'severed', order: 8, since: 6 },
    ],
  });
  expect(state).toBe('degraded');
  const of = (signal: string) => shown.filter((part) => part.signal === signal).map(({ name, ok }) => [name, ok]);
  expect(of('trouble')).toEqual([['twilio', false]]);
  expect(of('supervisory')).toEqual([['disk', true]]);
  expect(of('alarm')).toEqual([['scope agent', true]]);
});
