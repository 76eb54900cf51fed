import { createHmac } from 'node:crypto';
import type { Config } from '../../src/config/schema';
import type { Cutter, Report } from '../../src/cutters/cutter';
import { createWebhookCutter } from '../../src/cutters/webhook';
import { goalOf, notOvertaken } from '../support/goal';
import { ToyMemory } from '../support/memory';
import { type Receiver, startReceiver } from '../support/receiver';

type Entry = Config['cutters']['webhooks'][number];

const AT = Date.parse('2026-03-01T08:00:00Z');
const scopes = ['agent', 'llm'];
let receiver: Receiver;
let memory: ToyMemory;
let clock: number;

beforeEach(async () => {
  receiver = await startReceiver();
  memory = new ToyMemory();
  clock = AT;
});
afterEach(() => receiver.close());

/** As after a start of the program. */
const cutter = (entry: Partial<Entry> = {}): Cutter =>
  createWebhookCutter({
    config: { name: 'identity', url: receiver.url, required: false, ...entry },
    scopes,
    memory,
    now: () => clock,
    timeoutMs: 1_000,
  });

const pass = (one: Cutter, severed: string[], order: number, mayRelease?: () => Promise<boolean>): Promise<Report> =>
  one.enforce(goalOf(severed, order, mayRelease), notOvertaken());
const told = () => receiver.received.map(({ body }) => `${body.action} ${body.scope} ${body.order}`);
const sights = (report: Report) => Object.fromEntries(report.sights);

describe('a webhook cutter', () => {
  it('tells of each change of its scopes once, and of nothing else', async () => {
    const one = cutter();
    expect(sights(await pass(one, [], 0))).toEqual({ agent: 'served', llm: 'served' });
    expect(sights(await pass(one, ['agent'], 1))).toEqual({ agent: 'refused', llm: 'served' });
    await pass(one, ['agent'], 1);
    expect(sights(await pass(one, ['agent', 'llm'], 2))).toEqual({ agent: 'refused', llm: 'refused' });
    await pass(one, ['llm'], 3);
    expect(sights(await pass(one, [], 4))).toEqual({ agent: 'served', llm: 'served' });
    await pass(one, [], 4);
    expect(told()).toEqual(['sever agent 1', 'sever llm 2', 'restore agent 3', 'restore llm 4']);
  });

  it('leaves out scopes that are not its own', async () => {
    const one = cutter({ scopes: ['llm'] });
    expect(sights(await pass(one, ['agent'], 1))).toEqual({ agent: 'none', llm: 'served' });
    expect(told()).toEqual([]);
  });

  it('signs the bytes that it sends', async () => {
    await pass(cutter({ secret: 'shared' }), ['agent'], 7);
    const headers = receiver.received[0]?.headers;
    const raw = receiver.received[0]?.raw ?? '';
    expect(JSON.parse(raw)).toEqual({ action: 'sever', scope: 'agent', order: 7, at: '2026-03-01T08:00:00.000Z' });
    const at = Date.parse('2026-03-01T08:00:00.000Z') / 1000;
    const mac = createHmac('sha256', 'shared').update(`${at}.${raw}`).digest('hex');
    expect(headers?.['x-pullcord-signature']).toBe(`t=${at},v1=${mac}`);
    expect(headers?.['idempotency-key']).toBe('agent-7');
    expect(headers?.['content-type']).toBe('application/json');
  });

  it('goes unsigned without a secret', async () => {
    await pass(cutter(), ['agent'], 7);
    expect(receiver.received[0]?.headers).not.toHaveProperty('x-pullcord-signature');
  });
});

describe('a receiver that does not take it', () => {
  it.each([[500], [404], [302], ['silence' as const]])(
    '%s: is told again, the same to the last byte, until 2xx',
    async (answer) => {
      const one = cutter({ secret: 'shared' });
      receiver.answer = answer;
      const failed = await pass(one, ['agent'], 5);
      expect(sights(failed).agent).toBe('unseen');
      expect(failed.missing).toEqual([expect.stringMatching(/^webhook identity (answered \d+|did not answer)/)]);
      expect(failed.writes).toEqual([]);
      clock += 60_000;
      await pass(one, ['agent'], 6);
      receiver.answer = 200;
      expect(sights(await pass(one, ['agent'], 6)).agent).toBe('refused');
      await pass(one, ['agent'], 6);
      expect(receiver.received).toHaveLength(3);
      expect(new Set(receiver.received.map(({ raw }) => raw)).size).toBe(1);
      expect(told()[0]).toBe('sever agent 5');
    },
  );

  it('is named without its address, which may be a secret', async () => {
    const url = new URL(receiver.url);
    await receiver.close();
    const report = await pass(cutter({ url: `${url.origin}/hook/s3cret` }), ['agent'], 1);
    expect(report.missing).toEqual(['webhook identity cannot be reached (ECONNREFUSED)']);
    expect(JSON.stringify(report)).not.toContain('s3cret');
  });

  it('never hears of a restore that a sever has overtaken', async () => {
    const one = cutter();
    await pass(one, ['agent'], 1);
    receiver.answer = 500;
    await pass(one, [], 2);
    receiver.answer = 200;
    await pass(one, ['agent'], 3);
    expect(told()).toEqual(['sever agent 1', 'restore agent 2', 'sever agent 3']);
  });
});

describe('leave to release', () => {
  it('is needed for a restore', async () => {
    const one = cutter();
    await pass(one, ['agent'], 1);
    expect(sights(await pass(one, [], 2, async () => false)).agent).toBe('unseen');
    expect(told()).toEqual(['sever agent 1']);
  });

  it('is not asked for a sever', async () => {
    const asked = jest.fn(async () => true);
    await pass(cutter(), ['agent'], 1, asked);
    expect(asked).not.toHaveBeenCalled();
  });

  it('is worth nothing once the pass is overtaken', async () => {
    const one = cutter();
    await pass(one, ['agent'], 1);
    const overtaken = new AbortController();
    const goal = goalOf([], 2, async () => {
      overtaken.abort();
      return true;
    });
    await one.enforce(goal, overtaken.signal);
    expect(told()).toEqual(['sever agent 1']);
  });
});

describe('its memory', () => {
  it('lets another start know what was told', async () => {
    await pass(cutter(), ['agent'], 1);
    await pass(cutter(), ['agent'], 1);
    expect(told()).toEqual(['sever agent 1']);
    await pass(cutter(), [], 2);
    await pass(cutter(), [], 2);
    expect(told()).toEqual(['sever agent 1', 'restore agent 2']);
  });

  it('a crash before the answer was noted means once more, with the same order', async () => {
    receiver.answer = 'silence';
    await pass(cutter(), ['agent'], 1);
    receiver.answer = 200;
    await pass(cutter(), ['agent'], 2);
    expect(told()).toEqual(['sever agent 1', 'sever agent 1']);
  });

  it('is not needed to sever', async () => {
    memory.away = true;
    const one = cutter();
    expect(sights(await pass(one, ['agent'], 1)).agent).toBe('refused');
    await pass(one, ['agent'], 1);
    expect(told()).toEqual(['sever agent 1']);
  });

  it('is needed to restore', async () => {
    await pass(cutter(), ['agent'], 1);
    memory.away = true;
    const one = cutter();
    expect(sights(await pass(one, [], 2)).agent).toBe('unseen');
    expect(told()).toEqual(['sever agent 1']);
    memory.away = false;
    expect(sights(await pass(one, [], 2)).agent).toBe('served');
    expect(told()).toEqual(['sever agent 1', 'restore agent 2']);
  });

  it('is needed to restore, even when it can be read and not written', async () => {
    await pass(cutter(), ['agent'], 1);
    const keep = memory.set.bind(memory);
    memory.set = async () => {
      throw new Error('read-only');
    };
    const one = cutter();
    expect(sights(await pass(one, [], 2)).agent).toBe('unseen');
    memory.set = keep;
    expect(sights(await pass(one, [], 2)).agent).toBe('served');
    expect(told()).toEqual(['sever agent 1', 'restore agent 2']);
  });
});
