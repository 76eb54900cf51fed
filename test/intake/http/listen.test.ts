import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Limits } from '../../../src/intake/http/bounded-server';
import { type Listener, listen, NotListening } from '../../../src/intake/http/listen';
import { until } from '../../support/until';

const open: Listener[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((listener) => listener.close(0)));
});

async function serve(handler: RequestListener = (_req, res) => res.end('ok'), limits: Partial<Limits> = {}) {
  const listener = await listen(handler, '127.0.0.1:0', { limits });
  open.push(listener);
  return listener;
}

/** A connection that says what it is told, byte for byte. */
function raw(listener: Listener, text = '') {
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
  sockets.push(socket);
  const state = { socket, got: '', closed: false };
  socket.setEncoding('utf8').on('data', (data) => {
    state.got += data;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    state.closed = true;
  });
  socket.write(text);
  return state;
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

describe('a listener', () => {
  it('says where it listens, with the real port', async () => {
    const listener = await serve();
    expect(listener.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(await (await fetch(listener.url)).text()).toBe('ok');
  });

  it('listens on IPv6', async () => {
    const listener = await listen((_req, res) => res.end('six'), '[::1]:0');
    open.push(listener);
    expect(await (await fetch(listener.url)).text()).toBe('six');
  });

  it('says what to do when it cannot listen', async () => {
    const taken = new URL((await serve()).url).host;
    const fail = (address: string) => listen(() => undefined, address);
    await expect(fail(taken)).rejects.toThrow(NotListening);
    await expect(fail(taken)).rejects.toThrow(`Cannot listen on ${taken}: another program has it.`);
    await expect(fail('192.0.2.1:0')).rejects.toThrow('this machine has no such address');
    await expect(fail('127.0.0.1:99999')).rejects.toThrow(NotListening);
  });
});

describe('who is too slow, too many or too long is dropped', () => {
  let handled: number;
  const count: RequestListener = (_req, res) => {
    handled += 1;
    res.end('ok');
  };
  beforeEach(() => {
    handled = 0;
  });

  it('headers that never end', async () => {
    const listener = await serve(count, { headersMs: 150 });
    const slow = raw(listener, 'GET / HTTP/1.1\r\nHost: x\r\n');
    const drip = setInterval(() => slow.socket.write('X-Drip: 1\r\n'), 20);
    await until(() => slow.closed);
    clearInterval(drip);
    expect(slow.got).toMatch(/^HTTP\/1\.1 408 /);
    expect(handled).toBe(0);
  });

  it('a connection that says nothing', async () => {
    const listener = await serve(count, { headersMs: 150 });
    const silent = raw(listener);
    await until(() => silent.closed);
    expect(handled).toBe(0);
  });

  it('a body that never ends', async () => {
    const listener = await serve((req, res) => req.resume().on('end', () => res.end('ok')), {
      ...{ headersMs: 100, requestMs: 200 },
    });
    const slow = raw(listener, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
    const drip = setInterval(() => slow.socket.write('x'), 20);
    await until(() => slow.closed);
    clearInterval(drip);
    expect(slow.got).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('headers that are too large', async () => {
    const listener = await serve(count);
    const large = raw(listener, `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(9 * 1024)}\r\n\r\n`);
    await until(() => large.closed);
    expect(large.got).toMatch(/^HTTP\/1\.1 431 /);
    expect(handled).toBe(0);
  });

  it.each([
    ['no HTTP', 'GARBAGE\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('%s', async (_what, text) => {
    const listener = await serve(count);
    const bad = raw(listener, text);
    await until(() => bad.closed);
    expect(bad.got).toMatch(/^HTTP\/1\.1 400 /);
    expect(handled).toBe(0);
  });

  it('more connections than there may be: the one that idles longest makes room', async () => {
    const listener = await serve(count, { connections: 2 });
    const first = [raw(listener, REQUEST), raw(listener, REQUEST)];
    await until(() => first.every(({ got }) => got.includes('ok')));
    const third = raw(listener, REQUEST);
    await until(() => third.got.includes('ok') && first.filter(({ closed }) => closed).length === 1);
    expect(handled).toBe(3);
  });

  it('more connections than there may be, each with a whole request: the newcomer goes', async () => {
    const answers: (() => void)[] = [];
    const listener = await serve((_req, res) => void answers.push(() => res.end('ok')), { connections: 2 });
    const first = [raw(listener, REQUEST), raw(listener, REQUEST)];
    await until(() => answers.length === 2);
    const third = raw(listener, REQUEST);
    await until(() => third.closed);
    expect(third.got).toBe('');
    for (const answer of answers) answer();
    await until(() => first.every(({ got }) => got.includes('ok')));
  });

  it('more requests over one connection than there may be', async () => {
    const listener = await serve(count, { requests: 2 });
    const greedy = raw(listener, REQUEST.repeat(3));
    await until(() => greedy.got.includes('HTTP/1.1 503 '));
    expect(greedy.got).toMatch(/connection: close/i);
    expect(handled).toBe(2);
  });
});

describe('closing', () => {
  it('takes nobody new, lets a request in flight finish, and tells its client to go', async () => {
    let answer: (() => void) | undefined;
    const listener = await serve((_req, res) => {
      answer = () => res.end('finished');
    });
    const busy = raw(listener, REQUEST);
    const finish = await until(() => answer);
    let done = false;
    const closed = listener.close().then(() => {
      done = true;
    });
    await expect(fetch(listener.url)).rejects.toThrow();
    expect(done).toBe(false);
    finish();
    await closed;
    await until(() => busy.closed);
    expect(busy.got).toMatch(/\r\nconnection: close\r\n/i);
    expect(busy.got).toMatch(/finished/);
  });

  it('does not wait for connections that are idle, or have not said what they want', async () => {
    const listener = await serve();
    const idle = raw(listener, REQUEST);
    const silent = raw(listener);
    const half = raw(listener, 'GET / HTTP/1.1\r\nHo');
    await until(() => idle.got.includes('ok'));
    const began = Date.now();
    await listener.close(10_000);
    expect(Date.now() - began).toBeLessThan(2_000);
    await until(() => idle.closed && silent.closed && half.closed);
  });

  it('cuts what does not finish in time', async () => {
    let handled = false;
    const listener = await serve(() => {
      handled = true;
    });
    const hung = raw(listener, REQUEST);
    await until(() => handled);
    const began = Date.now();
    await listener.close(100);
    expect(Date.now() - began).toBeLessThan(2_000);
    await until(() => hung.closed);
    expect(hung.got).toBe('');
  });

  it('can be asked for twice', async () => {
    const listener = await serve();
    await Promise.all([listener.close(), listener.close()]);
  });
});
