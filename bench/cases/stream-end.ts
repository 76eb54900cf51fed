import { randomInt } from 'node:crypto';
import { createServer, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { arm, setIds } from '../../src/cutters/apisix/clamp';
import { createAdminApi } from '../../src/cutters/apisix/client';
import { startApisix } from '../../src/sandbox/apisix';
import { clock } from '../clock';
import { resultOf } from '../figures';
import { realistic } from '../installation';
import type { Case } from './case';

/** From the write of the rule until what was open has ended: at the client, and at the upstream. */
const ROUNDS = 50;
const CHUNK_MS = 100;
const BOUND_MS = 5_000;
const KINDS = ['chunks', 'silent', 'websocket'] as const;
type Kind = (typeof KINDS)[number];

const AIMS: Readonly<Record<Kind, { readonly text: string; readonly ms: number }>> = {
  chunks: { text: 'p99 within one chunk and 100 ms', ms: CHUNK_MS + 100 },
  silent: { text: 'p99 within 150 ms', ms: 150 },
  websocket: { text: 'p99 within 150 ms', ms: 150 },
};

export const streamEnd: Case = {
  name: 'stream-end',
  async run({ n = ROUNDS }) {
    const apisix = await startApisix(realistic);
    const model = await startModel();
    const api = createAdminApi({ url: apisix.adminUrl, key: apisix.adminKey, timeoutMs: 2_000 });
    const upstream = { type: 'roundrobin', nodes: { [model.node]: 1 } };
    await api.put('routes/r', { uri: '/*', enable_websocket: true, upstream });
    await arm(api, []);
    const measured = KINDS.map((kind) => ({ kind, client: [] as number[], upstream: [] as number[] }));
    const floor: number[] = [];

    for (let round = 0; round < n; round += 1) {
      const open = await Promise.all(KINDS.map((kind) => openOne(apisix.gatewayUrl, kind)));
      await sleep(randomInt(CHUNK_MS));
      const at = clock();
      const ended = Promise.all(KINDS.map((kind, i) => Promise.all([open[i], model.closed(kind)])));
      await setIds(api, ['r']);
      floor.push(clock() - at);
      const late = sleep(BOUND_MS, undefined, { ref: false }).then(() => {
        throw new Error(`a stream was still open after ${BOUND_MS} ms`);
      });
      for (const [i, [client, far]] of (await Promise.race([ended, late])).entries()) {
        measured[i]?.client.push((client ? await client.ended : Number.NaN) - at);
        measured[i]?.upstream.push(far - at);
      }
      await setIds(api, []);
    }
    api.close();
    await Promise.all([apisix.close(), model.close()]);

    return measured.flatMap(({ kind, ...sides }) =>
      (['client', 'upstream'] as const).map((side) =>
        resultOf({
          ...{ name: `stream-end-${kind}-${side}`, values: sides[side], floor },
          floorIs: 'until the write was answered',
          aim: { text: AIMS[kind].text, holds: ({ p99 }) => p99 <= AIMS[kind].ms },
        }),
      ),
    );
  },
};

/** Resolves once it is open. The last byte and the end of it are one moment to a client. */
async function openOne(gatewayUrl: string, kind: Kind): Promise<{ readonly ended: Promise<number> }> {
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
  const headers = kind === 'websocket' ? { ...upgrade, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' } : {};
  const request = httpRequest(`${gatewayUrl}/${kind}`, { agent: false, headers });
  const stream = await new Promise<Duplex | NodeJS.ReadableStream>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
    request.on('upgrade', (_, socket: Duplex) => resolve(socket));
    request.end();
  });
  const ended = new Promise<number>((resolve) => {
    for (const event of ['end', 'error', 'close']) stream.on(event, () => resolve(clock()));
  });
  stream.resume();
  return { ended };
}

async function startModel() {
  const watchers = new Map<string, (at: number) => void>();
  const over = (kind: string) => () => watchers.get(kind)?.(clock());
  const serve = (kind: string, response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
    const timer = kind === 'chunks' ? setInterval(() => response.write('data: more\n\n'), CHUNK_MS) : undefined;
    response.on('close', () => clearInterval(timer)).on('close', over(kind));
  };
  const server = createServer(({ url = '' }, response) => serve(url.slice(1), response));
  server.on('upgrade', ({ url = '' }, socket) => {
    socket.on('error', () => socket.destroy()).on('close', over(url.slice(1)));
    socket.on('end', () => socket.end()).resume();
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    node: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    closed: (kind: Kind) => new Promise<number>((resolve) => void watchers.set(kind, resolve)),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
