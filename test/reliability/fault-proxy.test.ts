import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { listen } from '../../src/sandbox/apisix/listener';
import { DELAY_MS, type FaultName } from '../support/fault-proxy/fault';
import { startHttpFaultProxy } from '../support/fault-proxy/http';
import { startTcpFaultProxy } from '../support/fault-proxy/tcp';
import { until } from '../support/until';

/** The fault proxies do what their names say: a matrix that is made with others proves nothing. */

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const ends = <T extends { close(): Promise<unknown> }>(part: T): T => {
  closing.push(() => part.close());
  return part;
};

describe('over HTTP', () => {
  const startBehind = async () => {
    const done: string[] = [];
    const target = ends(
      await listen({
        port: 0,
        onRequest: async (asked, answer) => {
          done.push(`${asked.method} ${asked.url} ${await text(asked)}`);
          answer.writeHead(201, { 'x-mark': '1' }).end('{"answer":"a whole one"}');
        },
      }),
    );
    const proxy = ends(await startHttpFaultProxy());
    proxy.aim(target.url);
    return { proxy, done };
  };
  /** The status and body, or the code of what went wrong; gives up after `ms`. */
  const ask = (url: string, ms = 300): Promise<string> =>
    new Promise((resolve) => {
      const sent = request(`${url}/it`, { method: 'PUT', agent: false }, (answer) => {
        text(answer).then(
          (body) => resolve(`${answer.statusCode} ${body.slice(0, 60)}`),
          () => resolve(`${answer.statusCode} broken off`),
        );
      });
      const timer = setTimeout(() => {
        resolve('nothing');
        sent.destroy();
      }, ms);
      sent.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'error'));
      sent.on('close', () => clearTimeout(timer)).end('what');
    });

  it('passes everything on while nothing is ordered', async () => {
    const { proxy, done } = await startBehind();
    expect(await ask(proxy.url)).toBe('201 {"answer":"a whole one"}');
    expect(done).toEqual(['PUT /it what']);
  });

  const DONE = 1;
  const NOT = 0;
  it.each<[FaultName, RegExp, number, number]>([
    ['trickle', /^nothing$/, DONE, DONE],
    ['reset', /^ECONNRESET$/, NOT, NOT],
    ['half', /^(ECONNRESET|HPE_INVALID\w*|201 broken off)$/, DONE, DONE],
    ['error', /^500 <html>/, NOT, NOT],
    ['changed', /^503 {"error_msg":"value changed before overwritten"}\n$/, NOT, NOT],
    ['hang', /^nothing$/, NOT, NOT],
    ['late answer', /^nothing$/, DONE, DONE],
    ['late write', /^nothing$/, NOT, DONE],
    ['lost', /^ECONNRESET$/, DONE, DONE],
    ['garbage', /^200 {"hello"/, NOT, NOT],
    ['refused', /^ECONNREFUSED$/, NOT, NOT],
  ])('%s', async (name, said, doneMeanwhile, doneAtLast) => {
    const { proxy, done } = await startBehind();
    await proxy.fault(name);
    expect(await ask(proxy.url)).toMatch(said);
    expect(done).toHaveLength(doneMeanwhile);
    expect(proxy.hits()).toBe(1);
    await proxy.lift();
    await until(() => done.length >= doneAtLast);
    expect(await ask(proxy.url)).toBe('201 {"answer":"a whole one"}');
    expect(done).toHaveLength(doneAtLast + 1);
  });

  it('delay', async () => {
    const { proxy, done } = await startBehind();
    await proxy.fault('delay');
    const began = performance.now();
    expect(await ask(proxy.url, 5_000)).toMatch(/^201/);
    expect(performance.now() - began).toBeGreaterThanOrEqual(DELAY_MS - 1);
    expect(done).toHaveLength(1);
  });

  it('oversized goes on for longer than anybody should read', async () => {
    const { proxy } = await startBehind();
    await proxy.fault('oversized');
    const bytes = await new Promise<number>((resolve) => {
      let count = 0;
      const sent = request(proxy.url, { agent: false }, (answer) =>
        answer.on('data', (chunk: Buffer) => {
          count += chunk.length;
          if (count > 64 * 1024 * 1024) sent.destroy();
        }),
      );
      sent.on('error', () => undefined).on('close', () => resolve(count));
      sent.end();
    });
    expect(bytes).toBeGreaterThan(64 * 1024 * 1024);
  });

  it('begins with the request that fits, and not before', async () => {
    const { proxy, done } = await startBehind();
    await proxy.fault('error', /^PUT \/other/);
    expect(await ask(proxy.url)).toMatch(/^201/);
    expect(await ask(`${proxy.url}/other`)).toMatch(/^500/);
    expect(await ask(proxy.url)).toMatch(/^500/);
    expect([done.length, proxy.hits()]).toEqual([1, 2]);
  });
});

describe('over TCP', () => {
  const startBehind = async () => {
    const done: string[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (data) => {
        done.push(String(data));
        socket.write('an answer\n');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => server.close());
    const { port } = server.address() as AddressInfo;
    return { proxy: ends(await startTcpFaultProxy(new URL(`tcp://127.0.0.1:${port}`))), done };
  };
  const ask = (port: number, ms = 250): Promise<string> =>
    new Promise((resolve) => {
      let said = '';
      const socket = connect(port, '127.0.0.1');
      const end = (how: string): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve(how);
      };
      const timer = setTimeout(() => end(said === '' ? 'nothing' : `part ${said.length}`), ms);
      socket.on('data', (data) => {
        said += data.toString('latin1');
        if (said === 'an answer\n') end('answered');
        else if (said.length > 100) end('garbage');
      });
      socket.on('error', ({ code }: NodeJS.ErrnoException) => end(code ?? 'error'));
      socket.on('close', () => end(`closed ${said.length}`));
      socket.write('a question\n');
    });

  it.each<[FaultName, RegExp, number, number]>([
    ['delay', /^nothing$/, 1, 1],
    ['trickle', /^answered$/, 1, 1],
    ['reset', /^ECONNRESET$/, 0, 0],
    ['half', /^closed 5$/, 1, 1],
    ['hang', /^nothing$/, 0, 0],
    ['late answer', /^nothing$/, 1, 1],
    ['late write', /^nothing$/, 0, 1],
    ['lost', /^ECONNRESET$/, 1, 1],
    ['garbage', /^garbage$/, 0, 0],
    ['oversized', /^garbage$/, 0, 0],
    ['refused', /^ECONNREFUSED$/, 0, 0],
  ])('%s', async (name, said, doneMeanwhile, doneAtLast) => {
    const { proxy, done } = await startBehind();
    expect(await ask(proxy.port)).toBe('answered');
    await proxy.fault(name);
    expect(await ask(proxy.port)).toMatch(said);
    expect(done).toHaveLength(1 + doneMeanwhile);
    expect(proxy.hits()).toBe(1);
    await proxy.lift();
    await until(() => done.length >= 1 + doneAtLast);
    expect(await ask(proxy.port)).toBe('answered');
  });
});
