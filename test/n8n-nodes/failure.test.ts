import { createServer as createTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { asError, explainAnswer, explainSilence } from '../../n8n-nodes/nodes/shared/failure';
import { problem } from '../../src/intake/http/problem';
import type { RefusalReason } from '../../src/orders/reasons';
import { reasons } from '../../src/orders/reasons';
import { type Listener, listen } from '../../src/sandbox/apisix/listener';
import { selfSigned } from '../support/certificate';
import { run } from '../support/n8n/pullcord';
import { NODE } from '../support/n8n/runs';

const node = { ...NODE, type: 'n8n-nodes-pullcord.pullcord' };
const baseUrl = 'http://pullcord.internal:8081';

describe('every refusal that Pullcord knows', () => {
  const all = Object.keys(reasons) as RefusalReason[];

  it.each(all)('%s: is told in words that n8n leaves alone, with what Pullcord says', (reason) => {
    const body = problem({ refused: reason, detail: 'One more fact.' });
    const failure = explainAnswer({ status: body.status, body, baseUrl, right: 'stop' });
    const error = asError(node, failure, 3);
    expect(error.message).toBe(failure.message);
    expect(error.message).not.toMatch(/\.$|undefined/);
    expect(error.description).toContain(reasons[reason].advice);
    expect(error.description).toMatch(/One more fact\.$/);
    expect(error.context).toEqual({ itemIndex: 3, data: { reason, status: body.status } });
    expect(error.httpCode).toBe(String(body.status));
  });

  it('a missing right is that of the token, or of the operator', () => {
    const refused = (right?: string) =>
      explainAnswer({ status: 403, body: problem({ refused: 'no-right' }), baseUrl, right }).message;
    expect(refused('relay')).toBe('The token of this credential lacks the right "relay"');
    expect(refused()).toBe('This operator may not do that');
  });

  it('one that it doesn’t know yet is told in Pullcord’s words', () => {
    const body = { reason: 'constructor', title: 'Brand new', detail: 'Do this.', status: 418 };
    expect(explainAnswer({ status: 418, body, baseUrl })).toEqual({
      ...{ message: 'Pullcord refused: Brand new', description: 'Pullcord says: Do this.' },
      ...{ reason: 'constructor', status: 418 },
    });
  });

  it('names the faults of a request', () => {
    const errors = [{ in: 'body', path: 'scope', detail: 'too long' } as const];
    const { description } = explainAnswer({ status: 400, body: problem({ refused: 'bad-request' }, errors), baseUrl });
    expect(description).toMatch(/\(body scope: too long\)$/);
  });
});

describe('somebody else’s answer', () => {
  it.each([
    [301, '', /redirects, which is not followed/],
    [200, '<html>', /HTTP status 200.*internal listener/],
    [404, { message: 'no Route matched' }, /HTTP status 404.*8081/],
    [401, 'Unauthorized', /HTTP status 401/],
    [502, '<html>', /HTTP status 502\. A proxy answered in its place/],
    [503, null, /see whether Pullcord runs/],
  ])('%d %j is not Pullcord’s', (status, body, description) => {
    const failure = explainAnswer({ status, body, baseUrl, right: 'stop' });
    expect(failure).toMatchObject({ reason: 'not-pullcord', status, description: expect.stringMatching(description) });
    expect(failure.message).toBe(`What answers at ${baseUrl} is not the internal API of Pullcord`);
    expect(asError(node, failure).message).toBe(failure.message);
  });
});

describe('silence', () => {
  it.each([
    ['ECONNREFUSED', /Nothing listens there.*\(ECONNREFUSED\)/],
    ['ENOTFOUND', /host name is unknown/],
    ['EAI_AGAIN', /DNS/],
    ['ETIMEDOUT', /did not answer in time/],
    ['ECONNABORTED', /did not answer in time/],
    ['EHOSTUNREACH', /no way/],
    ['ECONNRESET', /Retry On Fail/],
    ['ERR_CANCELED', /cancelled/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /certificate.*NODE_EXTRA_CA_CERTS/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /certificate/],
  ])('%s, however n8n wraps it', (code, description) => {
    const raw = Object.assign(new Error(`connect ${code}`), { code, config: { headers: 'secret' } });
    const wrapped = Object.assign(new Error('The service refused'), { httpCode: code });
    const deep = Object.assign(new Error('x'), { httpCode: null, cause: raw });
    for (const error of [raw, wrapped, deep]) {
      const failure = explainSilence(error, baseUrl);
      expect(failure.description).toMatch(description);
      expect(failure.message).toBe(`Pullcord cannot be reached at ${baseUrl}`);
      const told = asError(node, failure);
      // The code isn't in the message: n8n would put its own words in its place.
      expect(told.message).toBe(failure.message);
      expect(JSON.stringify({ ...told, cause: told.cause })).not.toContain('secret');
    }
  });

  it.each([
    [new Error('something new'), 'something new'],
    ['text', 'The request failed.'],
    [undefined, 'The request failed.'],
  ])('%p without a code is told as it is', (error, description) => {
    expect(explainSilence(error, baseUrl).description).toBe(description);
  });

  it('ends at an error that is its own cause', () => {
    const error: { cause?: unknown } = {};
    error.cause = error;
    expect(explainSilence(error, baseUrl).reason).toBe('unreachable');
  });
});

describe('over real HTTP', () => {
  let closing: { close(): unknown }[] = [];
  afterEach(async () => {
    await Promise.all(closing.map((one) => one.close()));
    closing = [];
  });
  const serve = async (onRequest: Parameters<typeof listen>[0]['onRequest']): Promise<Listener> => {
    const listener = await listen({ port: 0, onRequest });
    closing.push(listener);
    return listener;
  };
  const sever = (url: unknown, parameters = {}) =>
    run({ baseUrl: url, token: 'the-token' }, { operation: 'sever', ...parameters });

  it('nobody there: the stop may not have arrived, and what to do then', async () => {
    const gone = await listen({ port: 0, onRequest: () => undefined });
    await gone.close();
    const { error } = await sever(gone.url);
    expect(error?.message).toBe(`Pullcord cannot be reached at ${gone.url}`);
    expect(error?.description).toMatch(
      /Nothing listens there\..*The stop may not have arrived.*text STOP and a code\.$/,
    );
    expect(JSON.stringify({ ...error, cause: error?.cause })).not.toContain('the-token');
  });

  it('the certificate of nobody', async () => {
    const server = createTls(selfSigned(), (_, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(server);
    const { error } = await sever(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(error?.description).toContain('n8n does not trust its certificate');
  });

  it('a redirect is not followed: the token goes nowhere else', async () => {
    const asked: unknown[] = [];
    const other = await serve((request, response) => {
      asked.push(request.headers);
      response.end('{"state":"severed"}');
    });
    const first = await serve((_, response) => response.writeHead(307, { location: `${other.url}/x` }).end());
    const { error } = await sever(first.url);
    expect(error?.message).toContain('is not the internal API of Pullcord');
    expect(asked).toEqual([]);
  });

  it.each([
    ['{}', /is not the internal API/],
    ['[]', /is not the internal API/],
    ['<html>', /is not the internal API/],
    ['', /is not the internal API/],
    ['{"state":"restoring"}', /was not seen to be cut/],
    ['{"state":"live"}', /was not seen to be cut/],
    ['{"state":"something new"}', /was not seen to be cut/],
  ])('200 with %j is no cut', async (body, message) => {
    const { url } = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(body),
    );
    const { error, items } = await sever(url, { timeout: 1 });
    expect(error?.message).toMatch(message);
    expect(items).toEqual([]);
  });

  it('away while it waits: the order stands, with its number', async () => {
    let asked = 0;
    const { url } = await serve((_, response) => {
      asked += 1;
      if (asked > 1) return void response.destroy();
      const body = { number: 7, scope: 'agent', state: 'severing', missing: ['gateway main'] };
      response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    const { error } = await sever(url);
    expect(error?.message).toBe('Order 7 to sever agent was accepted, but how it stands could not be found out');
    expect(error?.description).toMatch(/cannot be reached.*Pullcord keeps cutting and looking\.$/);
    expect(error?.context.data).toMatchObject({ order: 7, state: 'severing', reason: 'unreachable' });
  });

  it('a stop that the ledger has not numbered yet is told without a number', async () => {
    const body = { number: 0, scope: 'agent', state: 'severing', missing: [] };
    const { url } = await serve((_, response) => response.writeHead(202).end(JSON.stringify(body)));
    const { error } = await sever(url, { timeout: 1 });
    expect(error?.message).toBe('The order: agent was not seen to be cut within 1 s');
    expect(error?.description).toMatch(/^Missing: nothing was seen yet\./);
  });

  it.each([
    ['getStatus', '{"state":"armed","parts":[]}', true],
    ['getStatus', '{"message":"no such route"}', false],
    ['getIncidents', '{}', false],
    ['getSpend', '{"error":"x"}', false],
    ['getOrder', '{"ok":true}', false],
  ])('%s: %s is never taken for "nothing"', async (operation, body, readyz) => {
    const { url } = await serve((_, response) => response.writeHead(200).end(body));
    const { error, sent } = await run({ baseUrl: url, token: 'x' }, { operation, orderNumber: 1 });
    expect(error?.message).toContain('is not the internal API of Pullcord');
    expect(sent).toHaveLength(readyz ? 2 : 1);
  });

  it('a base URL with a path and slashes at its end is one address', async () => {
    const paths: (string | undefined)[] = [];
    const { url } = await serve((request, response) => {
      paths.push(request.url);
      response.writeHead(200).end('{"state":"severed"}');
    });
    for (const end of ['', '/', '//', '/pullcord', '/pullcord/ '])
      await sever(`${url}${end}`, { waitUntilVerified: false });
    expect(paths).toEqual([...Array(3).fill('/api/v1/orders'), ...Array(2).fill('/pullcord/api/v1/orders')]);
  });

  it.each(['', undefined, 'pullcord:8081', 'ftp://x', 'http://', 'http:// x'])(
    '%j is no URL, and nothing is sent',
    async (url) => {
      const { error, sent } = await sever(url);
      expect(error?.message).toBe('The base URL of the Pullcord credential is not a URL');
      expect(sent).toEqual([]);
    },
  );
});
