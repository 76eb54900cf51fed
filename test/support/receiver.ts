import { listen } from '../../src/sandbox/apisix/listener';

export interface Received {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly raw: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Receiver {
  readonly url: string;
  /** In the order in which they came. */
  readonly received: readonly Received[];
  /** What it answers from now on; `silence` answers nothing. */
  answer: number | 'silence';
  close(): Promise<void>;
}

/** Somebody else's program that is told things. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const listener = await listen({
    port: 0,
    onRequest: async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const raw = Buffer.concat(chunks).toString('utf8');
      received.push({ headers: request.headers, raw, body: JSON.parse(raw) });
      if (receiver.answer === 'silence') return;
      response.writeHead(receiver.answer, { location: '/elsewhere' }).end();
    },
  });
  const receiver: Receiver = { url: `${listener.url}/hook`, received, answer: 204, close: () => listener.close() };
  return receiver;
}
