import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorPage } from '../../../src/sandbox/apisix/error-page';
import conflict from '../../fixtures/apisix/route-patch-conflict.json';
import { DELAY_MS, type FaultName, type FaultProxy, type Ordered, Switch } from './fault';

export interface HttpFaultProxy extends FaultProxy {
  readonly url: string;
  /** Where it leads, without a path. */
  aim(target: string): void;
  /** Told of each request that was answered, when the answer was passed on whole. */
  onAnswered: (what: string) => void;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const TRICKLE = { bytes: 8, everyMs: 40 } as const;
/** Beyond what any client of ours takes. Bytes. */
const OVERSIZED = 80 * 1024 * 1024;
const PIECE = Buffer.alloc(256 * 1024, '{"key":"x"},');
const WRITES = /^(PUT|POST|PATCH|DELETE) /;

/** What is no answer: of another program, of none, and no HTTP. */
const GARBAGE = ['{"hello":["world"]}', '<html><body>Welcome to nginx!</body></html>', undefined] as const;

/** A fault proxy for HTTP/1.1. It reads requests and answers as a whole: not for streams. */
export async function startHttpFaultProxy(): Promise<HttpFaultProxy> {
  const faults = new Switch();
  const agent = new Agent({ keepAlive: true });
  const sockets = new Set<Socket>();
  let target = '';
  let garbage = 0;
  let port = 0;

  const server = createServer({ keepAliveTimeout: 75_000 }, (asked, response) => {
    response.on('error', () => undefined);
    serve(asked, response).catch(() => asked.socket.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  });
  const listen = async (): Promise<void> => {
    if (server.listening) return;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
    port = (server.address() as AddressInfo).port;
  };
  const refuse = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  async function serve(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(asked);
    const what = `${asked.method} ${asked.url}`;
    const passOn = (): Promise<Answer> => ask(agent, target, asked, body);
    const fault = faults.met(() => what);
    if (fault && (fault.name !== 'changed' || WRITES.test(what))) {
      // One that begins with a request finds its connection open.
      if (fault.name === 'refused') return void (await refuse());
      return fail(fault, asked, response, passOn);
    }
    send(response, await passOn());
    self.onAnswered(what);
  }

  async function fail(
    { name, over }: Ordered,
    { socket }: IncomingMessage,
    response: ServerResponse,
    passOn: () => Promise<Answer>,
  ): Promise<void> {
    switch (name) {
      case 'delay': {
        const answer = await passOn();
        await sleep(DELAY_MS);
        return send(response, answer);
      }
      case 'trickle':
        return trickle(socket, wireOf(await passOn()));
      case 'reset':
        return void socket.resetAndDestroy();
      case 'lost':
        await passOn();
        return void socket.resetAndDestroy();
      case 'half': {
        const wire = wireOf(await passOn());
        return void socket.end(wire.subarray(0, Math.floor(wire.length / 2)), () => socket.destroy());
      }
      case 'error':
        return void response.writeHead(500, { 'content-type': 'text/html' }).end(errorPage(500));
      case 'changed':
        return void response
          .writeHead(conflict.status, { 'content-type': 'application/json' })
          .end(`${JSON.stringify(conflict.response_body)}\n`);
      case 'hang':
        await over;
        return void socket.destroy();
      case 'late answer': {
        const answer = await passOn();
        await over;
        return send(response, answer);
      }
      case 'late write':
        await over;
        return send(response, await passOn());
      case 'garbage': {
        const said = GARBAGE[garbage++ % GARBAGE.length];
        if (said === undefined) return void socket.end('\u0000\u0001 220 mail.example.org ESMTP\r\n\r\n');
        return void response.writeHead(200, { 'content-type': 'application/json' }).end(said);
      }
      case 'oversized':
        response.writeHead(200, { 'content-type': 'application/json' });
        return flood(response);
      case 'refused':
        return;
    }
  }

  const self: HttpFaultProxy = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    aim: (to) => {
      target = to;
    },
    onAnswered: () => undefined,
    fault: async (name: FaultName, from) => {
      faults.set(name, from);
      if (name !== 'refused' || from) return;
      faults.hit();
      await refuse();
    },
    lift: async () => {
      faults.end();
      await listen();
    },
    hits: () => faults.hits(),
    close: async () => {
      faults.end();
      agent.destroy();
      await refuse();
    },
  };
  await listen();
  return self;
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function ask(agent: Agent, target: string, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { connection: _, 'transfer-encoding': __, ...kept } = headers;
    const length = body.length > 0 ? { 'content-length': String(body.length) } : {};
    const { hostname, port } = new URL(target);
    const onward = request({ agent, hostname, port, path: url, method, headers: { ...kept, ...length } }, (answer) => {
      bodyOf(answer).then(
        (read) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: read }),
        reject,
      );
    });
    onward.on('error', reject).end(body);
  });
}

const headersOf = ({ headers, body }: Answer): IncomingMessage['headers'] => {
  const { connection: _, 'transfer-encoding': chunked, 'keep-alive': __, ...kept } = headers;
  return chunked === undefined ? kept : { ...kept, 'content-length': String(body.length) };
};

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, headersOf(answer)).end(answer.body);
}

/** The answer as bytes. */
function wireOf(answer: Answer): Buffer {
  const lines = Object.entries(headersOf(answer)).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one}\r\n`),
  );
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${answer.status} As Told\r\n${lines.join('')}\r\n`), answer.body]);
}

async function trickle(socket: Socket, wire: Buffer): Promise<void> {
  for (let at = 0; at < wire.length && !socket.destroyed; at += TRICKLE.bytes) {
    socket.write(wire.subarray(at, at + TRICKLE.bytes));
    await sleep(TRICKLE.everyMs);
  }
  // Its server does not know that it was answered.
  socket.destroy();
}

async function flood(response: ServerResponse): Promise<void> {
  // A client that takes its time, or goes, is waited for with one listener.
  const gone = once(response, 'close');
  for (let sent = 0; sent < OVERSIZED && !response.destroyed; sent += PIECE.length) {
    if (response.write(PIECE)) await sleep(0);
    else await Promise.race([once(response, 'drain'), gone]).catch(() => undefined);
  }
  response.destroy();
}
