import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../../src/sandbox/apisix/listener';

export interface ToyGateway {
  readonly url: string;
  /** Refuses from now on, and ends the streams that are open: with a last word or without. */
  cut(lastWord: boolean): void;
  restore(): void;
  close(): Promise<void>;
}

/** As little of a gateway as a rogue agent needs: it passes on, or refuses with Pullcord's mark. */
export async function startToyGateway(upstream: string): Promise<ToyGateway> {
  const open = new Map<ServerResponse, IncomingMessage>();
  let severed = false;
  const listener = await listen({
    port: 0,
    onRequest: (request, response) => {
      if (severed) {
        request.resume();
        response.writeHead(503, { 'x-pullcord-severed': '1' }).end('{}');
        return;
      }
      const headers = { ...request.headers, host: new URL(upstream).host };
      const onward = ask(new URL(request.url ?? '/', upstream), { method: request.method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        open.set(response, answer);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      request.pipe(onward);
      response.on('close', () => {
        open.delete(response);
        onward.destroy();
      });
    },
  });
  return {
    url: listener.url,
    cut: (lastWord) => {
      severed = true;
      for (const [response, answer] of open) {
        answer.unpipe(response);
        if (lastWord) response.write('event: error\ndata: {"error":{"type":"severed"}}\n\n', () => response.destroy());
        else response.destroy();
      }
    },
    restore: () => {
      severed = false;
    },
    close: () => listener.close(),
  };
}
