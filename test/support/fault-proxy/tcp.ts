import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DELAY_MS, type FaultProxy, type Ordered, Switch } from './fault';

export interface TcpFaultProxy extends FaultProxy {
  readonly port: number;
}

const TRICKLE = { bytes: 4, everyMs: 40 } as const;
const GARBAGE_BYTES = 512;

/** One direction of a connection: what crosses it waits for what came before. */
class Lane {
  private tail: Promise<unknown> = Promise.resolve();

  next(work: () => unknown): void {
    this.tail = this.tail.then(work).catch(() => undefined);
  }

  async settled(): Promise<void> {
    await this.tail;
  }
}

/** A fault proxy for any protocol over TCP in which a client asks and a server answers: Redis, Postgres. */
export async function startTcpFaultProxy(target: URL): Promise<TcpFaultProxy> {
  const faults = new Switch();
  const sockets = new Set<Socket>();
  let port = 0;

  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    const cut = (): void => void [near, far].forEach((socket) => socket.destroy());
    const [asking, answering] = [new Lane(), new Lane()];
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    }
    /** What befell the last question, and so befalls its answer. */
    let asked: Ordered | undefined;
    near.on('data', (data) => {
      asked = faults.met(() => data.toString('latin1'));
      const fault = asked;
      if (fault?.name === 'refused') return void refuse();
      asking.next(() => askedUnder(fault, data, { near, far, cut }));
    });
    far.on('data', (data) => {
      const fault = asked;
      answering.next(() => answeredUnder(fault, data, { near, far, cut }));
    });
    // What is held for later is still carried out when the client has gone.
    near.on('close', () => void asking.settled().then(() => far.end()));
    far.on('close', () => void answering.settled().then(() => near.destroy()));
  });

  const listen = async (): Promise<void> => {
    if (server.listening) return;
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const refuse = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listen();
  return {
    get port() {
      return port;
    },
    fault: async (name, from) => {
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
      await refuse();
    },
  };
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  readonly cut: () => void;
}

async function askedUnder(fault: Ordered | undefined, data: Buffer, { near, far, cut }: Pair): Promise<void> {
  switch (fault?.name) {
    case 'reset':
      near.resetAndDestroy();
      return cut();
    case 'hang':
      await fault.over;
      return cut();
    case 'late write':
      await fault.over;
      break;
    case 'error':
    case 'garbage':
      return void near.write(randomBytes(GARBAGE_BYTES));
    case 'oversized':
      while (!near.destroyed) {
        near.write(randomBytes(64 * GARBAGE_BYTES));
        await sleep(1);
      }
      return;
  }
  if (!far.destroyed) far.write(data);
}

async function answeredUnder(fault: Ordered | undefined, data: Buffer, { near, cut }: Pair): Promise<void> {
  switch (fault?.name) {
    case 'delay':
      await sleep(DELAY_MS);
      break;
    case 'late answer':
      await fault.over;
      break;
    case 'lost':
      near.resetAndDestroy();
      return cut();
    case 'half':
      return void near.end(data.subarray(0, Math.floor(data.length / 2)), cut);
    case 'trickle':
      for (let at = 0; at < data.length && !near.destroyed; at += TRICKLE.bytes) {
        near.write(data.subarray(at, at + TRICKLE.bytes));
        await sleep(TRICKLE.everyMs);
      }
      return;
  }
  if (!near.destroyed) near.write(data);
}
