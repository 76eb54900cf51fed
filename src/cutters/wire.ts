import http, { Agent as HttpAgent } from 'node:http';
import https, { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Leave } from './cutter';

/**
 * The last look at a leave, right before a request is written to its socket. Node buffers what is sent before a socket
 * is there, and writes it when it is: by then the process may have been frozen, and a later order carried out. So
 * requests get sockets that are connected already, and the leave is looked at in the turn of the event loop in which
 * their bytes go to the kernel. What the kernel has taken by then is on its way.
 */

const LEAVE_OVER = 'ELEAVE';

/** Whether a call failed with this code because its leave had ended, and nothing of it was sent. */
export const isNeverSent = (code: string | undefined): boolean => code === LEAVE_OVER;

class LeaveOver extends Error {
  override readonly name = 'LeaveOver';
  readonly code = LEAVE_OVER;

  constructor() {
    super('the leave to write ended before the request could be sent');
  }
}

/** For axios: sends nothing once the leave has ended. Adds nothing where none is needed. */
export function underLeave(leave: Leave | undefined): object {
  if (!leave) return {};
  const request = (options: https.RequestOptions, onAnswer: (answer: http.IncomingMessage) => void) => {
    const made = (options.protocol === 'https:' ? https : http).request(options, onAnswer);
    // Node emits it right before it writes what it has buffered.
    return made.once('socket', () => {
      if (!leave.holds()) made.destroy(new LeaveOver());
    });
  };
  return { transport: { request } };
}

type Callback = (error: Error | null, stream: Duplex) => void;

/** Sockets that connect. Told of here alone until they are the agent's. */
class Connecting {
  private readonly sockets = new Set<Socket>();

  handOver(socket: Socket, ready: 'connect' | 'secureConnect', callback: Callback): undefined {
    this.sockets.add(socket);
    const end = (error: Error | null): void => {
      if (!this.sockets.delete(socket)) return;
      callback(error, socket);
    };
    socket.once(ready, () => end(null));
    // Stays: an error between here and the request that gets the socket would end the process.
    socket.on('error', end);
    socket.once('close', () => end(new Error('closed before it was connected')));
    return undefined;
  }

  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

class ReadyHttpAgent extends HttpAgent {
  readonly connecting = new Connecting();

  override createConnection(options: http.ClientRequestArgs, callback?: Callback): Duplex | null | undefined {
    const socket = super.createConnection(options) as Socket;
    return callback ? this.connecting.handOver(socket, 'connect', callback) : socket;
  }
}

class ReadyHttpsAgent extends HttpsAgent {
  readonly connecting = new Connecting();

  override createConnection(options: https.RequestOptions, callback?: Callback): Duplex | null | undefined {
    const socket = super.createConnection(options) as Socket;
    return callback ? this.connecting.handOver(socket, 'secureConnect', callback) : socket;
  }
}

export interface ReadyAgents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
  destroy(): void;
}

/** Agents whose requests get none but connected sockets. */
export function readyAgents({ ca, ...options }: AgentOptions & { ca?: Buffer }): ReadyAgents {
  const httpAgent = new ReadyHttpAgent({ keepAlive: true, ...options });
  const httpsAgent = new ReadyHttpsAgent({ keepAlive: true, ...options, ...(ca ? { ca } : {}) });
  return {
    httpAgent,
    httpsAgent,
    destroy() {
      for (const agent of [httpAgent, httpsAgent]) {
        agent.connecting.destroy();
        agent.destroy();
      }
    },
  };
}
