import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import {
  createLastResort,
  fillIn,
  isDue,
  type LastResort,
  type LastResortOptions,
  type LastResortResult,
} from '../../src/cutters/last-resort';
import { ToyMemory } from '../support/memory';
import { type Receiver, startReceiver } from '../support/receiver';
import { until } from '../support/until';

describe('whether it is due', () => {
  it.each([
    ['not yet', { waitedMs: 14_999, order: 1, firedFor: 0 }, false],
    ['waited long enough', { waitedMs: 15_000, order: 1, firedFor: 0 }, true],
    ['fired for this order', { waitedMs: 99_000, order: 1, firedFor: 1 }, false],
    ['fired for an earlier order', { waitedMs: 15_000, order: 2, firedFor: 1 }, true],
    ['asked for an order that a later one overtook', { waitedMs: 99_000, order: 1, firedFor: 2 }, false],
  ])('%s', (_what, wait, due) => {
    expect(isDue({ afterSeconds: 15, ...wait })).toBe(due);
  });
});

describe('filling in', () => {
  it('puts scope and order into the arguments, everywhere, and never into the program', () => {
    expect(fillIn(['{scope}', '{scope}-{order}', '{order}{order}', 'plain'], { scope: 'agent', order: 12 })).toEqual([
      '{scope}',
      'agent-12',
      '1212',
      'plain',
    ]);
  });

  it('never makes more or fewer arguments', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.array(fc.string()), fc.string(), (program, args, scope) => {
        const [first, ...rest] = fillIn([program, ...args], { scope, order: 1 });
        expect(first).toBe(program);
        expect(rest).toHaveLength(args.length);
      }),
    );
  });
});

describe('firing', () => {
  let folder: string;
  let memory: ToyMemory;
  let receiver: Receiver;
  let results: LastResortResult[];
  let opened: LastResort[];
  let ticks: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'last-resort-'));
    memory = new ToyMemory();
    receiver = await startReceiver();
    results = [];
    opened = [];
    ticks = 0;
  });

  afterEach(async () => {
    await Promise.all(opened.map((one) => one.close(0)));
    await receiver.close();
    rmSync(folder, { recursive: true });
  });

  const open = (config: Partial<LastResortOptions['config']>, more: Partial<LastResortOptions> = {}): LastResort => {
    const one = createLastResort({
      config: { afterSeconds: 15, ...config },
      memory,
      onResult: (result) => results.push(result),
      monotonic: () => ticks,
      env: { PATH: process.env.PATH, SECRET: 'hunter2' },
      retryMs: [1, 1],
      webhookMs: 150,
      ...more,
    });
    opened.push(one);
    return one;
  };

  /** A program in Node that gets `{scope}` and `{order}` as its arguments. */
  const program = (script: string): string[] => {
    const path = join(folder, 'program.cjs');
    writeFileSync(path, script);
    return [process.execPath, path, '{scope}', '{order}'];
  };
  const log = (): string => join(folder, 'log');
  const writesArguments = () =>
    program(`require('fs').appendFileSync(${JSON.stringify(log())}, process.argv.slice(2).join(' ') + '\\n')`);

  const due = { scope: 'agent', order: 3, since: 0, now: 15_000 };
  const settled = (n: number): Promise<unknown> => until(() => results.length >= n);

  it('runs the command and posts the webhook, once for an order', async () => {
    const one = open({ command: writesArguments(), webhook: receiver.url });
    one.consider({ ...due, now: 14_999 });
    for (let i = 0; i < 5; i++) one.consider(due);
    await settled(2);
    one.consider({ ...due, now: 99_000 });
    await one.close();
    expect(readFileSync(log(), 'utf8')).toBe('agent 3\n');
    expect(receiver.received.map(({ body }) => body)).toEqual([
      { action: 'sever', lastResort: true, scope: 'agent', order: 3, at: '1970-01-01T00:00:15.000Z' },
    ]);
    expect(results).toHaveLength(2);
    expect(results).toContainEqual({ scope: 'agent', order: 3, by: 'webhook', ok: true, how: 'answered 2xx' });
    expect(results).toContainEqual({ scope: 'agent', order: 3, by: 'command', ok: true, how: 'exit 0', output: '' });
  });

  it('fires again for a later order, and for another scope', async () => {
    const one = open({ command: writesArguments() });
    one.consider(due);
    one.consider({ ...due, scope: 'llm' });
    await settled(2);
    one.consider({ ...due, order: 4 });
    await settled(3);
    expect(readFileSync(log(), 'utf8').trim().split('\n').sort()).toEqual(['agent 3', 'agent 4', 'llm 3']);
  });

  it('fires in time, too, when the clock was set back', async () => {
    const one = open({ webhook: receiver.url });
    const backwards = { scope: 'agent', order: 3, since: 3_600_000, now: 0 };
    one.consider(backwards);
    ticks = 14_999;
    one.consider(backwards);
    expect(receiver.received).toHaveLength(0);
    ticks = 15_000;
    one.consider(backwards);
    await settled(1);
    expect(receiver.received).toHaveLength(1);
  });

  it('remembers over a restart what it fired for', async () => {
    const first = open({ webhook: receiver.url });
    first.consider(due);
    await settled(1);
    await first.close();
    const second = open({ webhook: receiver.url });
    second.consider(due);
    await second.close();
    expect(receiver.received).toHaveLength(1);
  });

  it('fires when it cannot remember', async () => {
    memory.away = true;
    open({ webhook: receiver.url }).consider(due);
    await settled(1);
    expect(receiver.received).toHaveLength(1);
  });

  it('fires again after a restart when nothing came of it', async () => {
    receiver.answer = 500;
    const first = open({ webhook: receiver.url });
    first.consider(due);
    await settled(1);
    expect(results[0]).toMatchObject({ ok: false, how: 'answered 500' });
    expect(receiver.received).toHaveLength(3);
    await first.close();
    receiver.answer = 200;
    open({ webhook: receiver.url }).consider(due);
    await settled(2);
    expect(receiver.received).toHaveLength(4);
    expect(new Set(receiver.received.map(({ headers }) => headers['idempotency-key']))).toEqual(
      new Set(['last-resort-agent-3']),
    );
  });

  it('no shell reads the arguments', async () => {
    const canary = join(folder, 'canary');
    const [node = '', path = ''] = writesArguments();
    open({ command: [node, path, `{scope}; touch ${canary}`, `$(touch ${canary})`] }).consider(due);
    await settled(1);
    expect(readFileSync(log(), 'utf8')).toBe(`agent; touch ${canary} $(touch ${canary})\n`);
    expect(existsSync(canary)).toBe(false);
  });

  it('the command sees no secret of our environment', async () => {
    open({ command: program('process.stdout.write(JSON.stringify(process.env))') }).consider(due);
    await settled(1);
    expect(results[0]?.output).toContain('PATH');
    expect(results[0]?.output).not.toContain('hunter2');
  });

  it('keeps the first KiB of what the command writes, and lets it write more', async () => {
    open({ command: program("process.stdout.write('x'.repeat(5e6), () => process.exit(3))") }).consider(due);
    await settled(1);
    expect(results[0]).toMatchObject({ ok: false, how: 'exit 3', output: 'x'.repeat(1024) });
  });

  it('says what a program cannot be started for', async () => {
    open({ command: [join(folder, 'nowhere')] }).consider(due);
    await settled(1);
    expect(results[0]).toMatchObject({ ok: false, how: 'cannot be started (ENOENT)' });
  });

  it('kills a command that does not end, and what it started', async () => {
    const pid = join(folder, 'pid');
    const child = `require('fs').writeFileSync(${JSON.stringify(pid)}, String(process.pid)); setInterval(() => {}, 1e3)`;
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' }); setInterval(() => {}, 1e3)`;
    open({ command: program(script) }, { commandMs: 1_500 }).consider(due);
    const grandchild = Number(await until(() => existsSync(pid) && readFileSync(pid, 'utf8')));
    expect(isAlive(grandchild)).toBe(true);
    await settled(1);
    expect(results[0]).toMatchObject({ ok: false, how: 'killed after 1500 ms' });
    await until(() => !isAlive(grandchild));
  });

  it('closing waits for what is under way, but not for ever', async () => {
    const one = open({ command: program('setInterval(() => {}, 1e3)') });
    one.consider(due);
    await one.close(50);
    expect(results[0]).toMatchObject({ ok: false, how: 'cancelled' });
    one.consider({ ...due, order: 4 });
    await one.close(0);
    expect(results).toHaveLength(1);
    expect(memory.kept.size).toBe(0);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // One that is dead, and that nobody has asked for yet, can still be signalled.
  const status = `/proc/${pid}/status`;
  return !(existsSync(status) && /^State:\s+Z/m.test(readFileSync(status, 'utf8')));
}
