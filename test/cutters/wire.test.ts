import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createMute, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import axios from 'axios';
import { isNeverSent, type ReadyAgents, readyAgents, underLeave } from '../../src/cutters/wire';
import { selfSigned } from '../support/certificate';

const { cert, key } = selfSigned();
const servers = {
  http: (onRequest: RequestListener) => createServer(onRequest),
  https: (onRequest: RequestListener) => createTlsServer({ cert, key }, onRequest),
};

describe.each(['http', 'https'] as const)('a request under leave, by %s', (scheme) => {
  let server: Server;
  let agents: ReadyAgents;
  let url: string;
  const seen: string[] = [];

  beforeEach(async () => {
    seen.length = 0;
    server = servers[scheme]((request, response) => {
      seen.push('request');
      request.resume().on('end', () => response.end('{}'));
    });
    server.on(scheme === 'http' ? 'connection' : 'secureConnection', () => seen.push('connected'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    agents = readyAgents({ ca: Buffer.from(cert) });
  });
  afterEach(async () => {
    agents.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const send = (holds: () => boolean): Promise<unknown> =>
    axios.request({
      ...{ method: 'PATCH', url, data: '{}', proxy: false as const, maxRedirects: 0 },
      ...{ httpAgent: agents.httpAgent, httpsAgent: agents.httpsAgent },
      ...underLeave({ holds }),
    });
  const codeOf = (work: Promise<unknown>): Promise<string | undefined> =>
    work.then(
      () => undefined,
      (error: { code?: string }) => error.code,
    );

  it('is sent while it holds, which is asked once the connection is there', async () => {
    const asked: boolean[] = [];
    await send(() => {
      const sockets = [agents.httpAgent, agents.httpsAgent].flatMap((agent) => Object.values(agent.sockets).flat());
      const isReady = (socket?: Socket) =>
        socket?.connecting === false && !(socket instanceof TLSSocket && socket.getFinished() === undefined);
      asked.push(sockets.length === 1 && sockets.every(isReady));
      return true;
    });
    expect(asked).toEqual([true]);
    expect(seen).toEqual(['connected', 'request']);
  });

  it('is never sent when it ends while the connection is made', async () => {
    let holds = true;
    const code = codeOf(send(() => holds));
    holds = false;
    expect(isNeverSent(await code)).toBe(true);
    await send(() => true);
    expect(seen.filter((what) => what === 'request')).toHaveLength(1);
  });

  it('is never sent on a connection that was open already, either', async () => {
    await send(() => true);
    let holds = true;
    const code = codeOf(send(() => holds));
    holds = false;
    expect(isNeverSent(await code)).toBe(true);
    await send(() => true);
    expect(seen.filter((what) => what === 'request')).toHaveLength(2);
  });

  it('tells a failure to connect as such', async () => {
    server.close();
    await once(server, 'close');
    expect(await codeOf(send(() => true))).toBe('ECONNREFUSED');
    server.listen(Number(new URL(url).port), '127.0.0.1');
    await once(server, 'listening');
  });
});

it('lets go of a connection that is still being made', async () => {
  const mute = createMute().listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const agents = readyAgents({});
  const url = `https://127.0.0.1:${(mute.address() as AddressInfo).port}/x`;
  const failed = axios
    .get(url, { proxy: false, httpsAgent: agents.httpsAgent, ...underLeave({ holds: () => true }) })
    .catch((error: { code?: string }) => error);
  const [socket] = (await once(mute, 'connection')) as [Socket];
  const closed = once(socket.resume(), 'close');
  agents.destroy();
  await closed;
  expect(await failed).toBeInstanceOf(Error);
  mute.close();
  await once(mute, 'close');
});

it('nothing is asked where no leave is needed', () => {
  expect(underLeave(undefined)).toEqual({});
});
