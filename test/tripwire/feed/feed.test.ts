import fc from 'fast-check';
import { Feed } from '../../../src/tripwire/feed/feed';
import type { Increment, Reading, Usage } from '../../../src/tripwire/reading';
import { restarting, START, show, total, usage } from './proxy';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const reading = (at: number, amount: Usage, more: Partial<Reading> = {}): Reading => ({
  ...{ at: START + at, key: 'agent-1', model: 'gpt-5', source: 'litellm' },
  ...amount,
  ...more,
});
const usd = (feed: Feed, ...readings: Reading[]) => readings.map((one) => feed.take(one)?.spendUsd);

describe('a watch that begins in the middle', () => {
  it('takes all that it finds for what was there before', () => {
    const feed = new Feed();
    expect(
      usd(feed, reading(0, usage(500)), reading(0, usage(70), { model: 'other' }), reading(0, usage(9), { key: 'b' })),
    ).toEqual([undefined, undefined, undefined]);
    expect(usd(feed, reading(5_000, usage(501)), reading(5_000, usage(70), { model: 'other' }))).toEqual([
      1,
      undefined,
    ]);
  });

  it('takes a nameless worker that answers soon after for one that was there before', () => {
    const feed = new Feed();
    const looks = [
      reading(0, usage(500)),
      reading(5_000, usage(200)),
      reading(10_000, usage(201)),
      reading(15_000, usage(502)),
    ];
    expect(usd(feed, ...looks)).toEqual([undefined, undefined, 1, 2]);
  });

  it('takes a worker with a name that answers hours later by when it began', () => {
    const feed = new Feed();
    const a = { process: 'a', countingSince: START - HOUR };
    const b = { process: 'b', countingSince: START - HOUR };
    const c = { process: 'c', countingSince: START + 3 * HOUR - MINUTE };
    usd(feed, reading(0, usage(500), a), reading(3 * HOUR, usage(501), a));
    expect(usd(feed, reading(3 * HOUR + 5_000, usage(400), b), reading(3 * HOUR + 10_000, usage(4), c))).toEqual([
      undefined,
      4,
    ]);
    expect(usd(feed, reading(3 * HOUR + 15_000, usage(402), b), reading(3 * HOUR + 20_000, usage(5), c))).toEqual([
      2, 1,
    ]);
  });

  it('takes each of two that are shown at the same moment by itself', () => {
    const feed = new Feed();
    const one = { process: 'a', countingSince: START - HOUR };
    const other = { process: 'b', countingSince: START - HOUR };
    usd(feed, reading(0, usage(500), one), reading(5_000, usage(501), one));
    expect(usd(feed, reading(10_000, usage(502), one), reading(10_000, usage(400), { ...other, key: 'b' }))).toEqual([
      1,
      undefined,
    ]);
  });
});

describe('a look that showed nothing', () => {
  it('is a look: what the same process shows first is spend, where it would have been there before', () => {
    const silent = new Feed();
    expect(usd(silent, reading(10 * MINUTE, usage(5), { process: 'a' }))).toEqual([undefined]);
    const looked = new Feed();
    for (let at = 0; at < 10 * MINUTE; at += 5_000) looked.look('litellm', START + at, 'a');
    looked.look('litellm', START + 10 * MINUTE, 'a');
    expect(usd(looked, reading(10 * MINUTE, usage(5), { process: 'a' }))).toEqual([5]);
  });

  it('proves nothing of a process that came later, but how long we have been looking', () => {
    const feed = new Feed();
    for (let at = 0; at <= 10 * MINUTE; at += 5_000) feed.look('litellm', START + at, 'a');
    const countingSince = START + 9 * MINUTE;
    const old = START - HOUR;
    expect(usd(feed, reading(10 * MINUTE, usage(5), { process: 'b', countingSince }))).toEqual([5]);
    expect(usd(feed, reading(10 * MINUTE, usage(7), { process: 'c', countingSince: old, key: 'x' }))).toEqual([
      undefined,
    ]);
  });
});

describe('a key or a model that is new', () => {
  it('is spend since the look before, with the names of processes and without', () => {
    for (const process of [{ process: 'a', countingSince: START - HOUR }, {}]) {
      const feed = new Feed();
      for (let at = 0; at <= 10 * MINUTE; at += 5_000) feed.take(reading(at, usage(500), process));
      const other = feed.take(reading(10 * MINUTE + 5_000, usage(3), { ...process, key: 'b' }));
      expect(other).toMatchObject({
        key: 'b',
        spendUsd: 3,
        from: START + 10 * MINUTE,
        to: START + 10 * MINUTE + 5_000,
      });
    }
  });
});

describe('after a restart of the proxy', () => {
  const old = { process: 'a', countingSince: START - HOUR };

  it('what shows hours later, at its first use, came since the look before', () => {
    const feed = new Feed();
    const young = { process: 'b', countingSince: START + HOUR };
    usd(feed, reading(0, usage(500), old), reading(0, usage(80), { ...old, key: 'b' }));
    for (let at = HOUR + 5_000; at < 3 * HOUR; at += 5_000) feed.take(reading(at, usage(1), { ...young, key: 'b' }));
    const first = feed.take(reading(3 * HOUR, usage(4), young));
    expect(first).toMatchObject({ spendUsd: 4, from: START + 3 * HOUR - 5_000, to: START + 3 * HOUR });
  });

  it('that nobody saw, what shows came since it began', () => {
    const feed = new Feed();
    feed.take(reading(0, usage(500), old));
    const first = feed.take(reading(6 * HOUR, usage(40), { process: 'b', countingSince: START + 2 * HOUR }));
    expect(first).toMatchObject({ spendUsd: 40, from: START + 2 * HOUR, to: START + 6 * HOUR });
  });
});

describe('several proxies', () => {
  it('count each by itself; where one does not answer, its own stand still', () => {
    const feed = new Feed();
    const at = (time: number, east: number, west?: number) => [
      reading(time, usage(east), { source: 'east' }),
      ...(west === undefined ? [] : [reading(time, usage(west), { source: 'west' })]),
    ];
    usd(feed, ...at(0, 500, 70));
    expect(usd(feed, ...at(HOUR, 501))).toEqual([1]);
    expect(usd(feed, ...at(2 * HOUR, 502))).toEqual([1]);
    const [east, west] = at(3 * HOUR, 503, 90).map((one) => feed.take(one));
    expect(east).toMatchObject({ spendUsd: 1, from: START + 2 * HOUR });
    expect(west).toMatchObject({ spendUsd: 20, from: START, to: START + 3 * HOUR });
  });
});

describe('what is saved', () => {
  const through = (feed: Feed) => {
    const next = new Feed();
    next.load(JSON.parse(JSON.stringify(feed.save())));
    return next;
  };

  it('goes on as if nothing had been, wherever it was broken off', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        restarting,
        fc.boolean(),
        fc.nat({ max: 60 }),
        (count, steps, named, cut) => {
          const readings = show(count, steps, { named }).map((one) => one.reading);
          const whole = new Feed();
          let broken = new Feed();
          for (const [i, one] of readings.entries()) {
            if (i === cut) broken = through(broken);
            expect(broken.take(one)).toEqual(whole.take(one));
          }
          expect(broken.save()).toEqual(whole.save());
        },
      ),
      { numRuns: 200 },
    );
  });

  it('knows the processes again', () => {
    const feed = new Feed();
    const process = { process: 'a', countingSince: START - HOUR };
    usd(feed, reading(0, usage(500), process), reading(5_000, usage(501), process));
    const next = through(feed);
    expect(
      usd(next, reading(10_000, usage(502), process), reading(10_000, usage(7), { ...process, key: 'b' })),
    ).toEqual([1, 7]);
  });

  it.each<[string, (saved: ReturnType<Feed['save']>) => unknown]>([
    ['nothing', () => undefined],
    ['something else', () => ({ sources: [] })],
    ['a series that lost its tracks', (saved) => ({ ...saved, series: [['litellm\nk\nm', { at: 0 }]] })],
    [
      'a total that is no number',
      (saved) => JSON.parse(JSON.stringify(saved).replace('"spendUsd":501', '"spendUsd":null')),
    ],
  ])('is refused as a whole when it is %s', (_what, damage) => {
    const feed = new Feed();
    usd(feed, reading(0, usage(500)), reading(5_000, usage(501)));
    const next = new Feed();
    expect(() => next.load(damage(feed.save()))).toThrow();
    expect(next.save()).toEqual({ sources: [], processes: [], series: [] });
  });

  it('makes of what came while we were away an increment over that time', () => {
    const feed = new Feed();
    usd(feed, reading(0, usage(500)), reading(5_000, usage(501)));
    const next = through(feed).take(reading(48 * HOUR, usage(901)));
    expect(next).toMatchObject({ spendUsd: 400, from: START + 5_000, to: START + 48 * HOUR });
  });
});

describe('more series than there is room for', () => {
  const CAPACITY = 1_000;
  const fill = (feed: Feed, at: number) => {
    for (let i = 0; i < CAPACITY; i += 1) feed.take(reading(at, usage(1), { key: `k${i}` }));
  };

  it('are refused, counted, and never taken for spend', () => {
    const feed = new Feed(CAPACITY);
    fill(feed, 0);
    expect(feed.refused).toBe(0);
    const increments: (Increment | undefined)[] = [];
    for (let at = HOUR; at < HOUR + MINUTE; at += 5_000)
      increments.push(feed.take(reading(at, usage(900 + at), { key: 'more' })));
    expect(increments.filter((one) => one)).toEqual([]);
    expect(feed.refused).toBe(12);
    expect(usd(feed, reading(2 * HOUR, usage(3), { key: 'k7' }))).toEqual([2]);
  });

  it('are not looked for room for more often than once an hour', () => {
    const feed = new Feed(CAPACITY);
    fill(feed, 0);
    const more = (at: number) => reading(at, usage(3), { key: 'more' });
    expect(usd(feed, more(23.5 * HOUR), more(24.4 * HOUR), more(24.5 * HOUR))).toEqual([undefined, undefined, 3]);
    expect(feed.refused).toBe(2);
  });

  it('find room when others have not shown for a day', () => {
    const feed = new Feed(CAPACITY);
    fill(feed, 0);
    feed.take(reading(24 * HOUR, usage(2), { key: 'k7' }));
    expect(usd(feed, reading(25 * HOUR, usage(3), { key: 'more' }))).toEqual([3]);
    expect(usd(feed, reading(26 * HOUR, usage(3), { key: 'k7' }))).toEqual([1]);
    expect(feed.refused).toBe(0);
    expect(feed.save().series).toHaveLength(2);
  });
});

it('with names, all is fed but what each worker had spent when it was first seen, if it may be older than the watch', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), restarting, (count, steps) => {
      const feed = new Feed();
      const bornAt = new Map<string, number>();
      const increments: Usage[] = [];
      const older: Usage[] = [];
      const looks = show(count, steps, { named: true });
      const begun = looks[0]?.reading.at ?? START;
      for (const { reading: shown } of looks) {
        const { at, process = '' } = shown;
        const countingSince = bornAt.get(process) ?? at - 5_000;
        if (!bornAt.has(process) && countingSince <= begun + MINUTE) older.push(shown);
        bornAt.set(process, countingSince);
        const increment = feed.take({ ...shown, countingSince });
        if (increment) increments.push(increment);
      }
      expect(total([...older, ...increments])).toEqual(looks.at(-1)?.seen ?? usage(0));
    }),
    { numRuns: 300 },
  );
});
