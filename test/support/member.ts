import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How a node of an upstream behaves: it answers with its name, with a status, breaks off, or never answers. */
export type Mood = 'well' | 500 | 429 | 'breaks' | 'hangs';

/** One node behind a gateway, a primary or a fallback. Its mood holds for requests; probes may find it otherwise. */
export interface Member {
  readonly port: number;
  mood: Mood;
  /** What probes (`/probe`) find. Left out: the same. */
  probeMood: Mood | undefined;
  /** What the next probes find, before that. */
  readonly probeScript: Mood[];
  /** Requests and probes that came, each as `POST /path`. */
  readonly requests: readonly string[];
  readonly probes: readonly string[];
  /** When each request came, as of `performance.now`. */
  readonly arrivals: readonly number[];
  /** Streams that are open. */
  open(): number;
  /** Its port refuses connections, and the open ones are cut. */
  down(): Promise<void>;
  /** Listens again, on the same port. */
  up(): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds between the events of a stream. */
const BEAT_MS = 10;

const completion = (content: string): string =>
  JSON.stringify({
    ...{ id: 'c', object: 'chat.completion', model: 'm' },
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  });

export async function startMember(name: string): Promise<Member> {
  const requests: string[] = [];
  const probes: string[] = [];
  const arrivals: number[] = [];
  const sockets = new Set<Socket>();
  let open = 0;
  let port = 0;

  function stream(response: ServerResponse): void {
    open += 1;
    const delta = { index: 0, delta: { content: name } };
    const event = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices: [delta] })}\n\n`;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => response.write(event), BEAT_MS);
    response.on('close', () => {
      clearInterval(timer);
      open -= 1;
    });
  }

  const server = createServer((request, response) => {
    const { method } = request;
    const [url = ''] = (request.url ?? '').split('?');
    request.resume();
    const isProbe = url.startsWith('/probe');
    (isProbe ? probes : requests).push(`${method} ${url}`);
    if (!isProbe) arrivals.push(performance.now());
    const mood = isProbe ? (member.probeScript.shift() ?? member.probeMood ?? member.mood) : member.mood;
    if (mood === 'hangs') return;
    if (mood === 'breaks') request.socket.destroy();
    else if (mood !== 'well') response.writeHead(mood, { 'content-type': 'text/plain' }).end(`failed: ${name}`);
    else if (url.endsWith('/stream')) stream(response);
    else if (url.endsWith('/completions'))
      response.writeHead(200, { 'content-type': 'application/json' }).end(completion(name));
    else response.writeHead(200, { 'content-type': 'text/plain' }).end(name);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });

  const up = (): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const down = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await up();
  port = (server.address() as AddressInfo).port;

  const member: Member = {
    port,
    mood: 'well',
    probeMood: undefined,
    probeScript: [],
    requests,
    probes,
    arrivals,
    open: () => open,
    down,
    up,
    close: down,
  };
  return member;
}
