import { EventEmitter } from 'node:events';
import { brake } from '../../src/queue/brake';

class Worker extends EventEmitter {
  paused = false;
  readonly calls: string[] = [];
  async pause(): Promise<void> {
    this.paused = true;
    this.calls.push('pause');
  }
  async resume(): Promise<void> {
    this.paused = false;
    this.calls.push('resume');
  }
}

let worker: Worker;
let told: Error[];
let release: () => void;

beforeEach(() => {
  jest.useFakeTimers();
  worker = new Worker();
  told = [];
  release = brake(worker, (error) => void told.push(error));
});
afterEach(() => {
  release();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

const fail = (times: number): void => {
  for (let i = 0; i < times; i++) worker.emit('error', new Error(`OOM ${i}`));
};

it('lets single errors pass', async () => {
  fail(4);
  await jest.advanceTimersByTimeAsync(1_000);
  fail(4);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(worker.calls).toEqual([]);
  expect(told).toHaveLength(8);
});

it('pauses a worker that fails without end, before it can fail again, and lets it try a second later', async () => {
  let errors = 0;
  while (!worker.paused && errors < 1_000) {
    fail(1);
    errors += 1;
  }
  expect(errors).toBe(5);
  await jest.advanceTimersByTimeAsync(999);
  expect(worker.calls).toEqual(['pause']);
  await jest.advanceTimersByTimeAsync(1);
  expect(worker.calls).toEqual(['pause', 'resume']);
  fail(5);
  expect(worker.calls).toEqual(['pause', 'resume', 'pause']);
});

it('does not resume a worker after it was let go', async () => {
  fail(5);
  release();
  await jest.advanceTimersByTimeAsync(10_000);
  expect(worker.calls).toEqual(['pause']);
});
