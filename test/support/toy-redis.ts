import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface ToyRedis {
  readonly url: string;
  /** Names and arguments of what came, in upper case. */
  readonly commands: readonly string[];
  /** What INFO tells, and what CONFIG GET save does: undefined forbids CONFIG. */
  settings: { policy: string; appends: boolean; save: string | undefined; disk: 'ok' | 'err'; writes: boolean };
  close(): Promise<void>;
}

/** As little of a Redis as tells how it is set up: HELLO, CLIENT, INFO, CONFIG GET, SET, DEL. */
export async function startToyRedis(): Promise<ToyRedis> {
  const sockets = new Set<Socket>();
  const commands: string[] = [];
  const toy: { settings: ToyRedis['settings'] } = {
    settings: { policy: 'noeviction', appends: true, save: '', disk: 'ok', writes: true },
  };
  const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  const answer = ([name = '', about = '']: readonly string[]): string => {
    const { policy, appends, save, disk, writes } = toy.settings;
    switch (name) {
      case 'HELLO':
        return `%1\r\n${bulk('server')}${bulk('redis')}`;
      case 'INFO':
        return about === 'MEMORY'
          ? bulk(`# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:${policy}\r\n`)
          : bulk(
              `# Persistence\r\nloading:0\r\naof_enabled:${appends ? 1 : 0}\r\naof_last_write_status:${disk}\r\nrdb_last_bgsave_status:ok\r\n`,
            );
      case 'CONFIG':
        return save === undefined ? '-ERR unknown command\r\n' : `%1\r\n${bulk('save')}${bulk(save)}`;
      case 'SET':
        return writes ? '+OK\r\n' : "-READONLY You can't write against a read only replica.\r\n";
      case 'DEL':
        return ':1\r\n';
      default:
        return '+OK\r\n';
    }
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
      for (let taken = takeCommand(text); taken; taken = takeCommand(text)) {
        text = taken.rest;
        const words = taken.words.map((word) => word.toUpperCase());
        commands.push(words.join(' '));
        socket.write(answer(words));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(toy, {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    commands,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  });
}

/** The first whole command: an array of bulk strings (redis.io/docs/latest/develop/reference/protocol-spec). */
function takeCommand(text: string): { readonly words: string[]; readonly rest: string } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (!head) return undefined;
  let rest = text.slice(head[0].length);
  const words: string[] = [];
  while (words.length < Number(head[1])) {
    const size = /^\$(\d+)\r\n/.exec(rest);
    const end = size ? size[0].length + Number(size[1]) : Number.POSITIVE_INFINITY;
    if (!size || rest.length < end + 2) return undefined;
    words.push(rest.slice(size[0].length, end));
    rest = rest.slice(end + 2);
  }
  return { words, rest };
}
