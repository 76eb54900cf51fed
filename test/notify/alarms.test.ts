import pino from 'pino';
import { createAlarms } from '../../src/notify/alarms';
import type { Channel, Notice, Told } from '../../src/notify/channel';

const MINUTE_MS = 60_000;
const logger = pino({ level: 'silent' });

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** A channel that keeps what it was told. */
function recorder(name: string) {
  const notices: Notice[] = [];
  const state: { answer: Told | Error; tries: number } = { answer: 'told', tries: 0 };
  const channel: Channel = {
    name,
    async tell(notice) {
      state.tries += 1;
      if (state.answer instanceof Error) throw state.answer;
      if (state.answer === 'told') notices.push(notice);
      return state.answer;
    },
  };
  return { channel, notices, state, kinds: () => notices.map(({ kind }) => kind) };
}

function setUp() {
  const first = recorder('first');
  const second = recorder('second');
  const alarms = createAlarms({ channels: [first.channel, second.channel], logger, now: () => Date.now() });
  return { first, second, alarms, settle: () => jest.advanceTimersByTimeAsync(0) };
}

it('tells trouble once over every channel, and once when it is over', async () => {
  const { first, second, alarms, settle } = setUp();
  for (let i = 0; i < 50; i++) alarms.raise('ledger', 'The ledger does not answer.');
  await settle();
  alarms.clear('ledger', 'The ledger answers again.');
  alarms.clear('ledger', 'The ledger answers again.');
  await settle();
  for (const { notices } of [first, second])
    expect(notices).toEqual([
      { kind: 'alarm', text: 'The ledger does not answer.', at: Date.now() },
      { kind: 'cleared', text: 'The ledger answers again.', at: Date.now() },
    ]);
});

it('says nothing of the end of what was never told', async () => {
  const { first, alarms, settle } = setUp();
  alarms.clear('ledger', 'The ledger answers again.');
  await settle();
  expect(first.notices).toEqual([]);
});

it('tells again what is raised after an hour, or after it was over', async () => {
  const { first, alarms, settle } = setUp();
  alarms.raise('drift', 'A rule was deleted.');
  await jest.advanceTimersByTimeAsync(59 * MINUTE_MS);
  alarms.raise('drift', 'A rule was deleted.');
  await settle();
  expect(first.notices).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(MINUTE_MS);
  alarms.raise('drift', 'A rule was deleted.');
  await settle();
  expect(first.notices).toHaveLength(2);
  alarms.clear('drift', 'over');
  alarms.raise('drift', 'A rule was deleted.');
  await settle();
  expect(first.kinds()).toEqual(['alarm', 'alarm', 'cleared', 'alarm']);
});

it('is never a flood: ten one by one, the others together', async () => {
  const { first, alarms, settle } = setUp();
  for (let i = 0; i < 5_000; i++) alarms.raise(`drift ${i}`, `Route ${i} was changed.`);
  await settle();
  expect(first.notices).toHaveLength(10);
  await jest.advanceTimersByTimeAsync(10 * MINUTE_MS);
  expect(first.notices).toHaveLength(11);
  expect(first.notices[10]?.text).toMatch(/^500 more, see the log\. The first: Route \d+ was changed\.$/);
  await jest.advanceTimersByTimeAsync(60 * MINUTE_MS);
  expect(first.notices).toHaveLength(11);
});

it('forgets what was held back and is over before it was told', async () => {
  const { first, alarms } = setUp();
  for (let i = 0; i < 12; i++) alarms.raise(`${i}`, `${i}`);
  alarms.clear('10', 'over');
  alarms.clear('11', 'over');
  await jest.advanceTimersByTimeAsync(20 * MINUTE_MS);
  expect(first.notices).toHaveLength(10);
});

it('does not lose what flaps: it is told in the end that it stands', async () => {
  const { first, alarms } = setUp();
  for (let i = 0; i < 100; i++) {
    alarms.raise('gw-1', 'gw-1 does not answer.');
    alarms.clear('gw-1', 'gw-1 answers.');
  }
  alarms.raise('gw-1', 'gw-1 does not answer.');
  await jest.advanceTimersByTimeAsync(20 * MINUTE_MS);
  expect(first.notices).toHaveLength(21);
  expect(first.notices.at(-1)?.text).toMatch(/gw-1 does not answer/);
});

it('tells an order’s way in a plain sentence', async () => {
  const { first, alarms, settle } = setUp();
  alarms.tell({ kind: 'severed', scope: 'agent', order: 7, at: 5 });
  alarms.tell({ kind: 'refused', text: 'Wrong code.', at: 6 });
  await settle();
  expect(first.notices).toEqual([
    {
      kind: 'severed',
      scope: 'agent',
      order: 7,
      at: 5,
      text: 'agent is severed, and every gateway was seen to refuse it, order 7.',
    },
    { kind: 'refused', text: 'Wrong code.', at: 6 },
  ]);
});

describe('a channel that does not take it', () => {
  it('gets it again until it does, in order, and holds up no other channel', async () => {
    const { first, second, alarms, settle } = setUp();
    first.state.answer = 'retry';
    alarms.raise('a', 'a');
    alarms.raise('b', 'b');
    await settle();
    expect(first.notices).toEqual([]);
    expect(second.notices.map(({ text }) => text)).toEqual(['a', 'b']);
    first.state.answer = 'told';
    await jest.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(first.notices.map(({ text }) => text)).toEqual(['a', 'b']);
  });

  it('is asked ever more rarely, and no more after ten minutes', async () => {
    const { first, alarms } = setUp();
    first.state.answer = 'retry';
    alarms.raise('a', 'a');
    await jest.advanceTimersByTimeAsync(30 * MINUTE_MS);
    const { tries } = first.state;
    expect(tries).toBeGreaterThan(8);
    expect(tries).toBeLessThan(20);
    await jest.advanceTimersByTimeAsync(30 * MINUTE_MS);
    expect(first.state.tries).toBe(tries);
  });

  it('is left alone after it failed, or broke; the next notice reaches it', async () => {
    const { first, alarms, settle } = setUp();
    first.state.answer = 'failed';
    alarms.raise('a', 'a');
    await settle();
    first.state.answer = new Error('a bug');
    alarms.raise('b', 'b');
    await settle();
    first.state.answer = 'told';
    alarms.raise('c', 'c');
    await jest.advanceTimersByTimeAsync(20 * MINUTE_MS);
    expect(first.state.tries).toBe(3);
    expect(first.notices.map(({ text }) => text)).toEqual(['c']);
  });

  it('does not make memory grow', async () => {
    const { first, alarms } = setUp();
    first.state.answer = 'retry';
    for (let i = 0; i < 1_000; i++) alarms.tell({ kind: 'severed', text: `${i}`, at: 0 });
    await jest.advanceTimersByTimeAsync(1);
    first.state.answer = 'told';
    await jest.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(first.notices.length).toBeLessThanOrEqual(101);
    expect(first.notices.at(-1)?.text).toBe('999');
  });
});

describe('the end', () => {
  it('tries once more, within a second, and leaves no timer', async () => {
    const { first, second, alarms } = setUp();
    first.state.answer = 'retry';
    alarms.raise('a', 'a');
    await jest.advanceTimersByTimeAsync(0);
    first.state.answer = 'told';
    await alarms.close();
    alarms.raise('b', 'b');
    alarms.tell({ kind: 'severed', at: 0 });
    await jest.advanceTimersByTimeAsync(20 * MINUTE_MS);
    expect(first.notices.map(({ text }) => text)).toEqual(['a']);
    expect(second.notices.map(({ text }) => text)).toEqual(['a']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not wait for a channel that hangs', async () => {
    const hanging: Channel = { name: 'hanging', tell: () => new Promise(() => undefined) };
    const alarms = createAlarms({ channels: [hanging], logger, now: Date.now });
    alarms.raise('a', 'a');
    const closed = alarms.close();
    await jest.advanceTimersByTimeAsync(1_000);
    await closed;
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('what is urgent', () => {
  const trip = (text: string) => ({ kind: 'tripped', text, at: 0 }) as const;

  it('is lost in no burst: what is not makes room for it', async () => {
    const { first, alarms, settle } = setUp();
    first.state.answer = 'retry';
    alarms.tell(trip('the trip'));
    for (let i = 0; i < 500; i++) alarms.tell({ kind: 'severing', text: `${i}`, at: 0 });
    alarms.tell(trip('another'));
    await settle();
    first.state.answer = 'told';
    await jest.advanceTimersByTimeAsync(2_000);
    const told = first.notices.map(({ text }) => text);
    expect(told.slice(0, 2)).toEqual(['the trip', 'another']);
    expect(told).toHaveLength(100);
  });

  it('waits behind nothing that is being tried again and again', async () => {
    const { first, alarms } = setUp();
    first.state.answer = 'retry';
    alarms.raise('ledger', 'The ledger does not answer.');
    await jest.advanceTimersByTimeAsync(30_000);
    first.state.answer = 'told';
    alarms.tell(trip('the trip'));
    await jest.advanceTimersByTimeAsync(0);
    expect(first.notices.map(({ text }) => text)).toEqual(['the trip', 'The ledger does not answer.']);
  });

  it('comes next when something else is under way', async () => {
    const { first, alarms } = setUp();
    let answer = (_told: Told): void => undefined;
    const { tell } = first.channel;
    const slow: Channel['tell'] = () => new Promise<Told>((resolve) => (answer = resolve));
    Object.assign(first.channel, { tell: slow });
    alarms.raise('ledger', 'The ledger does not answer.');
    await jest.advanceTimersByTimeAsync(0);
    alarms.tell(trip('the trip'));
    Object.assign(first.channel, { tell });
    answer('retry');
    await jest.advanceTimersByTimeAsync(0);
    expect(first.notices[0]?.text).toBe('the trip');
  });
});
