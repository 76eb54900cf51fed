import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { SIGNATURE_HEADER, signature } from '../../src/signature';
import { readRecorded, send } from './recorded/exchange';

/** The sandbox's guard against what a real one answered, in the order in which it was asked. */
const secret = 'guard-secret-of-the-tests-0123456789';
let apisix: Apisix;
beforeAll(async () => {
  apisix = await startApisix({ guard: { secret } });
  const rule = JSON.stringify({ plugins: { 'pullcord-guard': {} } });
  await send(
    apisix.adminUrl,
    'PUT',
    '/apisix/admin/global_rules/pullcord-guard',
    { 'x-api-key': apisix.adminKey },
    rule,
  );
});
afterAll(() => apisix.close());

/** Of the workers all but their number and their ids: the real one's hear a write one by one, and come in any order. */
function comparable(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('workers' in body)) return body;
  const { workers, ...rest } = body as { readonly workers: readonly object[] };
  const keys = workers.map((worker) => Object.keys(worker).sort());
  return { ...rest, workers: keys };
}

test.each<[name: string, more?: { readonly secret?: string; readonly seconds?: number }]>([
  ['guard-state-unsigned'],
  ['guard-state-wrong-secret', { secret: 'another secret' }],
  ['guard-state-late', { seconds: -400 }],
  ['guard-state-empty'],
  ['guard-cut-unsigned'],
  ['guard-cut'],
  ['guard-state'],
  ['guard-cut-stale'],
  ['guard-cut-same'],
  ['guard-cut-after'],
  ['guard-cut-bad'],
  ['guard-cut-bad-scoped'],
  ['guard-cut-no-json'],
  ['guard-cut-empty'],
  ['guard-other-method'],
  ['guard-other-path'],
])('%s', async (name, { secret: theirs = secret, seconds = 0 } = {}) => {
  const recorded = readRecorded(name);
  const { method, path, request_body: asked } = recorded;
  const body = asked === null ? '' : typeof asked === 'string' ? asked : JSON.stringify(asked);
  const isSigned = Object.keys(recorded.request_headers ?? {}).length > 0;
  const header = signature(theirs, method === 'PUT' ? body : '', Math.floor(Date.now() / 1000) + seconds);
  const headers = isSigned ? { [SIGNATURE_HEADER]: header } : {};
  const reply = await send(apisix.controlUrl, method, path, headers, method === 'PUT' ? body : undefined);
  expect(reply.status).toBe(recorded.status);
  expect(reply.headers['content-type']?.split(';')[0]).toBe(recorded.response_headers?.['content-type']?.split(';')[0]);
  if (typeof recorded.response_body === 'string') return;
  expect(comparable(JSON.parse(reply.text))).toEqual(comparable(recorded.response_body));
});
