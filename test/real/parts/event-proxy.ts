import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that tells of everything that is about to cross it, and may keep it back. */
export interface EventProxy {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * @param onEvent asked before each piece of data is passed on; false drops it and the connection, as when the process
 * that sent it, or waits for it, is gone.
 */
export async function startEventProxy(target: URL, onEvent: (what: string) => boolean): Promise<EventProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    const pass = (from: Socket, to: Socket, what: string): void => {
      sockets.add(from);
      from.on('data', (data) => {
        if (onEvent(what)) to.write(data);
        else {
          near.destroy();
          far.destroy();
        }
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    };
    pass(near, far, 'request');
    pass(far, near, 'answer');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
