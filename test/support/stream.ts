import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** A response that is read as it comes. */
export interface ClientStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** What has come so far. */
  text(): string;
  /** How it ended: properly, or broken off by the other side. Undefined while it is open. */
  ending(): 'end' | 'aborted' | undefined;
  /** The client goes away. */
  leave(): void;
}

export async function openStream(url: string, headers: Readonly<Record<string, string>> = {}): Promise<ClientStream> {
  const request = httpRequest(url, { headers, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
    request.end();
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
    leave: () => request.destroy(),
  };
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
