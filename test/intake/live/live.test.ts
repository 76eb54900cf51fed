import { EventEmitter } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import pino from 'pino';
import type { StatusAnswer } from '../../../src/intake/http/schemas';
import { LISTENERS, Live, type LiveOptions } from '../../../src/intake/live/live';
import { Stream } from '../../../src/intake/live/stream';
import type { SpendSummary } from '../../../src/tripwire/pulse';
import { until } from '../../support/until';

/** The observer by itself, on a clock that the test moves. */

class FakeResponse extends EventEmitter {
  text = '';
  closed = false;
  writableEnded = false;
  writableLength = 0;
  destroyed = false;
  writeHead(): this {
    return this;
  }
  write(text: string): boolean {
    this.text += text;
    return true;
  }
  end(): void {
    this.writableEnded = true;
    this.gone();
  }
  destroy(): void {
    this.destroyed = true;
    this.gone();
  }
  gone(): void {
    this.closed = true;
    this.emit('close');
  }
  events(name: string): unknown[] {
    const found = [...this.text.matchAll(/^event: (.*)\ndata: (.*)$/gm)].filter(([, event]) => event === name);
    return found.map(([, , data]) => JSON.parse(data ?? ''));
  }
}

const scope: StatusAnswer['scopes'][0] = {
  ...{ scope: 'agent', state: 'live', order: 0, seen: true, missing: [], gateways: [] },
};
let status: StatusAnswer;
let asked: number;
let listening: ((summary: SpendSummary) => void)[];
let closing: AbortController;
let live: Live;

const spent = (usdPerMinute: number): SpendSummary => ({ at: 0, sees: true, usdPerMinute, tokensPerMinute: 1 });
const start = (options: Partial<LiveOptions> = {}): Live =>
  new Live({
    status: async () => {
      asked += 1;
      return status;
    },
    spend: {
      now: () => spent(0),
      onLook: (listener) => {
        listening.push(listener);
        return () => {
          listening = listening.filter((one) => one !== listener);
        };
      },
    },
    ...{ closing: closing.signal, log: pino({ level: 'silent' }), monotonic: () => Date.now() },
    ...options,
  });
const join = (still = () => true): FakeResponse => {
  const res = new FakeResponse();
  live.add(res as unknown as ServerResponse, still);
  return res;
};
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers();
  status = { state: 'armed', parts: [], version: '0', scopes: [scope] };
  asked = 0;
  listening = [];
  closing = new AbortController();
  live = start();
});
afterEach(async () => {
  closing.abort();
  await pass(0);
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

it('tells how it stands at the beginning, and then only what has changed', async () => {
  const res = join();
  await pass(0);
  expect(res.events('status')).toEqual([status]);
  expect(res.events('spend')).toEqual([{ ...spent(0), at: new Date(0).toISOString() }]);
  await pass(5_000);
  expect(res.events('status')).toHaveLength(1);
  status = { ...status, parts: [{ name: 'queue', ok: true, detail: '', lastWell: new Date(1).toISOString() }] };
  await pass(250);
  status = { ...status, parts: [{ name: 'queue', ok: true, detail: '', lastWell: new Date(2).toISOString() }] };
  await pass(500);
  expect(res.events('status')).toHaveLength(2);
});

it('tells of the incident of a scope that moved, when it began, went on and ended', async () => {
  const res = join();
  await pass(250);
  const move = async (change: Partial<StatusAnswer['scopes'][0]>): Promise<void> => {
    status = { ...status, scopes: [{ ...scope, ...change }] };
    await pass(250);
  };
  await move({ state: 'severing', order: 7, incident: 7 });
  await move({ state: 'severed', order: 7, incident: 7 });
  await move({ state: 'severed', order: 7, incident: 7, missing: ['x'] });
  await move({ state: 'live', order: 8 });
  expect(res.events('incident')).toEqual([{ number: 7 }, { number: 7 }, { number: 7 }]);
  expect(res.events('status')).toHaveLength(5);
});

it('looks once for all who look on, at most each 250 ms, and not at all for nobody', async () => {
  await pass(5_000);
  expect({ asked, listening: listening.length, timers: jest.getTimerCount() }).toEqual({
    ...{ asked: 0, listening: 0, timers: 0 },
  });
  const all = Array.from({ length: 20 }, () => join());
  await pass(0);
  expect(asked).toBe(1);
  await pass(1_000);
  expect(asked).toBe(5);
  expect(listening).toHaveLength(1);
  for (const res of all) res.gone();
  await pass(5_000);
  expect({ asked, listening: listening.length, timers: jest.getTimerCount() }).toEqual({
    ...{ asked: 5, listening: 0, timers: 0 },
  });
  const again = join();
  await pass(0);
  expect(again.events('status')).toEqual([status]);
});

it('one look that hangs is not followed by others', async () => {
  let release = (): void => undefined;
  live = start({
    status: () => {
      asked += 1;
      return new Promise((resolve) => {
        release = () => resolve(status);
      });
    },
  });
  const res = join();
  await pass(5_000);
  expect(asked).toBe(1);
  release();
  await pass(0);
  expect(res.events('status')).toHaveLength(1);
});

it('tells of spend after a look of the tripwire, at most each two seconds, and the newest', async () => {
  const res = join();
  await pass(250);
  for (let usd = 1; usd <= 8; usd++) {
    listening[0]?.(spent(usd));
    await pass(500);
  }
  const told = res.events('spend').map((one) => (one as SpendSummary).usdPerMinute);
  expect(told).toEqual([0, 1, 5]);
  await pass(2_000);
  expect(res.events('spend').at(-1)).toMatchObject({ usdPerMinute: 8 });
});

it('keeps alive with comments', async () => {
  const res = join();
  await pass(60_000);
  expect(res.text.match(/^:$/gm)).toHaveLength(4);
});

it('ends, with a word, who may look on no longer; the others go on', async () => {
  let may = true;
  const res = join(() => may);
  const other = join();
  await pass(250);
  may = false;
  await pass(250);
  expect(res.events('bye')).toEqual([{ reason: 'session-ended' }]);
  expect(res.writableEnded).toBe(true);
  expect(other.writableEnded).toBe(false);
});

it('ends all when Pullcord goes down, those who come late as well', async () => {
  const res = join();
  await pass(0);
  closing.abort();
  const late = join();
  for (const one of [res, late]) {
    expect(one.events('bye')).toEqual([{ reason: 'closing' }]);
    expect(one.writableEnded).toBe(true);
  }
});

it('is full at 64', async () => {
  const all = Array.from({ length: LISTENERS }, () => join());
  expect(live.full).toBe(true);
  all[0]?.gone();
  expect(live.full).toBe(false);
});

it('drops who does not read, and nobody else', async () => {
  const slow = join();
  const quick = join();
  await pass(250);
  slow.writableLength = 256 * 1024;
  status = { ...status, state: 'degraded' };
  await pass(250);
  expect(slow.destroyed).toBe(true);
  expect(quick.events('status')).toHaveLength(2);
});

it('of a real connection that nobody reads holds no more than a bound', async () => {
  jest.useRealTimers();
  let stream: Stream | undefined;
  let response: ServerResponse | undefined;
  const server = createServer((_req, res) => {
    response = res;
    stream = new Stream(res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => stream);
  let most = 0;
  await until(() => {
    stream?.send('status', JSON.stringify('x'.repeat(16 * 1024)));
    most = Math.max(most, response?.writableLength ?? 0);
    return response?.destroyed;
  });
  expect(most).toBeLessThanOrEqual(256 * 1024);
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  jest.useFakeTimers();
});
