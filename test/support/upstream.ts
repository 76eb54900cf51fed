import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What stands behind a gateway in the tests. The last segment of the path says how it behaves. */
export interface Upstream {
  readonly port: number;
  /** Requests that have come, oldest first. */
  readonly requests: readonly { readonly method: string; readonly path: string; readonly bytes: number }[];
  /** Responses and tunnels that are open now: a gateway that lets go of one closes it here. */
  open(): number;
  /** One more event to every stream under `held`; the whole answer to every request under `waits`. */
  push(text: string): void;
  close(): Promise<void>;
}

const TOKEN = `data: ${JSON.stringify({
  id: '1',
  object: 'chat.completion.chunk',
  model: 'm',
  choices: [{ index: 0, delta: { content: 't' } }],
})}\n\n`;

/** Milliseconds between the chunks of a stream. */
const BEAT_MS = 10;

/** @param port of an earlier one that has died; else a free one. */
export async function startUpstream(name = 'upstream', port = 0): Promise<Upstream> {
  const requests: { method: string; path: string; bytes: number }[] = [];
  const open = new Set<object>();
  const held = new Set<ServerResponse>();
  const sockets = new Set<Socket>();

  const behaviours: Readonly<Record<string, (response: ServerResponse) => void>> = {
    /** Events without end. */
    sse: (response) => beat(response, 'text/event-stream', 'data: tick\n\n'),
    /** Text without end that is no event stream. */
    text: (response) => beat(response, 'text/plain', 'tick\n'),
    /** A stream of a language model, and one that says nothing more after its first words. */
    tokens: (response) => beat(response, 'text/event-stream', TOKEN),
    thinking: (response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(TOKEN),
    /** A download of which the end is far away, as fast as the client takes it. */
    endless: (response) => {
      const chunk = Buffer.alloc(65_536, 'x');
      const fill = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      response.on('drain', fill);
      fill();
    },
    /** Events when the test says so. */
    held: (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
      held.add(response);
    },
    /** Nothing at all until the test says so, then an answer that is no stream. */
    waits: (response) => void held.add(response),
    fails: (response) => void response.writeHead(500, { 'content-type': 'text/plain' }).end('failed'),
  };

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const entry = { method: request.method ?? '', path: request.url ?? '', bytes: 0 };
    requests.push(entry);
    const token = track();
    response.on('close', token);
    request.on('data', (chunk: Buffer) => {
      entry.bytes += chunk.length;
    });
    request.on('end', () => {
      const last = entry.path.split('?')[0]?.split('/').at(-1) ?? '';
      const behaviour = behaviours[last];
      if (behaviour) return behaviour(response);
      const body = last === 'large' ? 'x'.repeat(3_000_000) : JSON.stringify({ from: name, ...entry });
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
    });
  }

  function track(): () => void {
    const token = {};
    open.add(token);
    return () => open.delete(token);
  }

  const server = createServer(serve);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  // An echo that speaks the handshake of a WebSocket and no frames.
  server.on('upgrade', ({ url }, socket) => {
    socket.on('close', track());
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.pipe(socket);
    if (!url?.endsWith('busy')) return;
    const timer = setInterval(() => socket.write('tick'), BEAT_MS);
    socket.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    requests,
    open: () => open.size,
    push: (text) => {
      for (const response of held) {
        if (response.headersSent) response.write(text);
        else response.writeHead(200, { 'content-length': text.length }).end(text);
      }
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function beat(response: ServerResponse, type: string, chunk: string): void {
  response.writeHead(200, { 'content-type': type }).write(chunk);
  const timer = setInterval(() => response.write(chunk), BEAT_MS);
  response.on('close', () => clearInterval(timer));
}
