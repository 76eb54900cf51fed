import { createWorkers } from '../../../src/tripwire/scrape/workers';

describe('workers', () => {
  it('that began in the same hundredth of a second are told apart by when their series began', () => {
    const workers = createWorkers();
    const one = workers.identify(100, [101.1]);
    const other = workers.identify(100, [101.2]);
    expect(other).not.toBe(one);
    expect(workers.identify(100, [101.1, 105])).toBe(one);
    expect(workers.identify(100, [101.2])).toBe(other);
  });

  it('stay the same though the series go that they began with', () => {
    const workers = createWorkers();
    const id = workers.identify(100, [101, 102]);
    expect(workers.identify(100, [102, 103])).toBe(id);
    expect(workers.identify(100, [103])).toBe(id);
    expect(workers.identify(100, [104])).not.toBe(id);
  });

  it('are others after a restart, and the same after one of ours', () => {
    const workers = createWorkers();
    const id = workers.identify(100, [101]);
    expect(workers.identify(200, [201])).not.toBe(id);
    expect(createWorkers().identify(100, [101, 102])).toBe(id);
  });

  it('are the same when all their series are gone, unless two began at that time', () => {
    const workers = createWorkers();
    const id = workers.identify(100, [101]);
    expect(workers.identify(100, [])).toBe(id);
    expect(workers.identify(200, [])).toBe('200');
    workers.identify(100, [102]);
    expect(workers.identify(100, [])).toBe('100');
  });

  it('are known by their start alone where series do not tell when they began', () => {
    const workers = createWorkers();
    expect([workers.identify(100, []), workers.identify(100, []), workers.identify(200, [])]).toEqual([
      '100',
      '100',
      '200',
    ]);
    expect(workers.identify(undefined, [])).toBeUndefined();
  });

  it('are remembered, the last 64 that answered', () => {
    const workers = createWorkers();
    const first = workers.identify(0, [5, 6]);
    for (let start = 1; start <= 63; start += 1) workers.identify(start, [start]);
    expect(workers.identify(0, [6])).toBe(first);
    for (let start = 64; start <= 130; start += 1) workers.identify(start, [start]);
    expect(workers.identify(0, [6])).not.toBe(first);
  });
});
