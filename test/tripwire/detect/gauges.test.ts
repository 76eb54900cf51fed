import { gaugeAt, gauges } from '../../../src/tripwire/detect/gauges';
import { profiles } from '../../../src/tripwire/detect/profile';

it('each has one place, and is found there', () => {
  gauges.forEach(({ stream, windowSeconds }, i) => expect(gaugeAt(stream, windowSeconds)).toBe(i));
  expect(new Set(gauges.map(({ stream, windowSeconds }) => `${stream} ${windowSeconds}`)).size).toBe(gauges.length);
});

it('there is none but these', () => {
  expect(() => gaugeAt('alike', 21_600)).toThrow('no gauge for alike over 21600 s');
});

it('every stream has a rule of its own, and its windows grow', () => {
  const rules = new Map(gauges.map(({ stream, rule }) => [stream, rule]));
  expect(Object.fromEntries(rules)).toEqual({
    ...{ all: 'level', alike: 'loop', dear: 'price', doubling: 'growth' },
    ...{ sustained: 'sustained', 'sustained-dear': 'sustained' },
  });
  for (const stream of rules.keys()) {
    const windows = gauges.filter((gauge) => gauge.stream === stream).map(({ windowSeconds }) => windowSeconds);
    expect(windows).toEqual([...windows].sort((a, b) => a - b));
  }
});

describe.each(Object.entries(profiles))('profile %s', (_name, profile) => {
  it('has numbers for each of them', () => {
    for (const { stream, windowSeconds } of gauges) {
      expect(profile.floors[stream]).toBeGreaterThan(0);
      expect(profile.margins[stream]).toBeGreaterThan(1);
      if (stream === 'all' || stream === 'dear') expect(profile.bursts[windowSeconds]).toBeGreaterThan(0);
    }
  });

  it('has shares of the budget for windows that there are', () => {
    const windows = gauges.filter(({ stream }) => stream === 'all').map(({ windowSeconds }) => windowSeconds);
    for (const [seconds, share] of profile.budgetShares) {
      expect(windows).toContain(seconds);
      expect(share).toBeGreaterThan(0);
    }
  });
});
