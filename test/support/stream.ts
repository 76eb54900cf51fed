import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, constants } from 'node:http2';
import type { Duplex } from 'node:stream';

/** A response that is read as it comes. */
export interface ClientStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** What has come so far. */
  text(): string;
  /** How it ended: properly, or broken off by the other side. Undefined while it is open. */
  ending(): 'end' | 'aborted' | undefined;
  /** The client takes nothing more, until it resumes. */
  pause(): void;
  resume(): void;
  /** The client goes away. */
  leave(): void;
}

/** @param body makes it a POST. */
export async function openStream(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<ClientStream> {
  const request = httpRequest(url, { method: body === undefined ? 'GET' : 'POST', headers, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
    request.end(body);
  });
  let text = '';
  let ending: 'end' | 'aborted' | undefined;
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('end', () => {
    ending ??= 'end';
  });
  response.on('error', () => {
    ending ??= 'aborted';
  });
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: () => text,
    ending: () => ending,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    leave: () => request.destroy(),
  };
}

/** The same over one HTTP/2 connection, in the clear, that all streams of it share. */
export async function openHttp2(url: string): Promise<Http2Client> {
  const session = connect(url);
  let isClosed = false;
  session.on('close', () => {
    isClosed = true;
  });
  session.on('error', () => undefined);
  return {
    isClosed: () => isClosed,
    close: () => session.destroy(),
    async open(path) {
      const stream = session.request({ ':path': path });
      const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
        stream.once('response', resolve).once('error', reject);
      });
      let text = '';
      let ending: 'end' | 'aborted' | undefined;
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        text += chunk;
      });
      stream.on('end', () => {
        ending ??= stream.rstCode === constants.NGHTTP2_NO_ERROR ? 'end' : 'aborted';
      });
      stream.on('error', () => {
        ending = 'aborted';
      });
      return {
        status: Number(headers[':status']),
        headers: headers as IncomingMessage['headers'],
        text: () => text,
        ending: () => ending,
        pause: () => void stream.pause(),
        resume: () => void stream.resume(),
        leave: () => stream.close(constants.NGHTTP2_CANCEL),
      };
    },
  };
}

export interface Http2Client {
  open(path: string): Promise<ClientStream>;
  /** Whether the connection is gone. */
  isClosed(): boolean;
  close(): void;
}

/** Asks for a WebSocket. Answers the open socket, or the status of the response that came instead. */
export function upgrade(url: string): Promise<Duplex | number> {
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.from('0123456789abcdef').toString('base64'),
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers, agent: false });
    request.on('upgrade', (_, socket) => resolve(socket));
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject);
    request.end();
  });
}
