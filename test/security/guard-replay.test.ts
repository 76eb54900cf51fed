import { type Apisix, startApisix } from '../../src/sandbox/apisix';
import { SIGNATURE_HEADER, signature } from '../../src/signature';
import { send } from '../sandbox/recorded/exchange';

/**
 * Threat: a signed order to a guard was overheard on the management network, and is sent again. Against the sandbox's
 * guard, which answers as recordings of the real one do (test/sandbox/guard-recorded.test.ts).
 */

const SECRET = 'guard-secret';
const PATH = '/v1/plugin/pullcord-guard/cut';
let apisix: Apisix;
beforeEach(async () => {
  apisix = await startApisix({ guard: { secret: SECRET } });
});
afterEach(() => apisix.close());

const seconds = () => Math.floor(Date.now() / 1000);

/** What was heard: bytes and signature, as they stood on the wire. */
function heard(order: number, ids: readonly string[], at = seconds(), secret = SECRET) {
  const body = JSON.stringify({ order, seq: 1, ids });
  return { body, header: signature(secret, body, at) };
}
const tell = ({ body, header }: ReturnType<typeof heard>) =>
  send(apisix.controlUrl, 'PUT', PATH, { [SIGNATURE_HEADER]: header, 'content-type': 'application/json' }, body);
async function holds(): Promise<readonly string[]> {
  const header = signature(SECRET, '', seconds());
  const { text } = await send(apisix.controlUrl, 'GET', PATH.replace('/cut', '/state'), { [SIGNATURE_HEADER]: header });
  return (JSON.parse(text) as { readonly ids: readonly string[] }).ids;
}

it('an older release does not undo a newer cut, though it is signed and fresh', async () => {
  const release = heard(1, []);
  expect((await tell(release)).status).toBe(200);
  expect((await tell(heard(2, ['r1']))).status).toBe(200);
  for (let turn = 0; turn < 3; turn += 1) expect((await tell(release)).status).toBe(409);
  expect(await holds()).toEqual(['r1']);
});

it('an older cut does not undo a newer release', async () => {
  const cut = heard(1, ['r1']);
  await tell(cut);
  await tell(heard(2, []));
  expect((await tell(cut)).status).toBe(409);
  expect(await holds()).toEqual([]);
});

it.each([-400, 400])('one of %i seconds ago is refused, whatever its order', async (ago) => {
  await tell(heard(1, ['r1']));
  expect((await tell(heard(9, [], seconds() + ago))).status).toBe(401);
  expect(await holds()).toEqual(['r1']);
});

it('one bent byte, another time or another secret is refused', async () => {
  await tell(heard(1, ['r1']));
  const { body, header } = heard(2, []);
  const later = header.replace(/^t=\d+/, `t=${seconds() + 1}`);
  const bent = [
    { body: body.replace('"seq":1', '"seq":2'), header },
    { body, header: later },
    { body, header: header.replace(/.$/, (last) => (last === '0' ? '1' : '0')) },
    { body, header: '' },
    heard(2, [], seconds(), 'another-secret'),
  ];
  for (const one of bent) expect((await tell(one)).status).toBe(401);
  expect(await holds()).toEqual(['r1']);
});
