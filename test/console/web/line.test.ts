import { dots, HEIGHT, median, WIDTH } from '../../../src/console/web/pages/line/dots';
import { stations } from '../../../src/console/web/pages/line/stations';
import type { DrillAnswer, ReadinessAnswer } from '../../../src/intake/http/schemas';

const part = (name: string, signal?: 'normal' | 'alarm' | 'supervisory' | 'trouble', ok = signal !== 'trouble') => ({
  ...{ name, ok, detail: 'x' },
  ...(signal ? { signal } : {}),
});
const shown = (parts: ReadinessAnswer['parts']) =>
  stations(parts).map(({ title, parts, worst }) => [title, parts.map(({ name }) => name).join(', '), worst]);

describe('the way, station by station', () => {
  it('puts every part where a stop passes it', () => {
    const parts = [
      ...['cutter litellm', 'clamp main', 'cutter apisix main', 'nodes a b', 'ledger', 'what is new', 'scopes'],
      ...['scope agent', 'fallback cloud', 'last resort', 'clock main', 'clock', 'sms', 'token litellm x', 'tripwire'],
      ...['certificate x:443', 'operators', 'guard main'],
    ].map((name) => part(name, 'normal'));
    expect(shown(parts)).toEqual([
      ['The ways in', 'sms, certificate x:443', 'normal'],
      ['Who may', 'clock, operators', 'normal'],
      ['The tripwire', 'token litellm x, tripwire', 'normal'],
      ['Pullcord', 'ledger, what is new', 'normal'],
      ['Gateway main', 'clamp main, cutter apisix main, clock main, guard main', 'normal'],
      ['Gateway a b', 'nodes a b', 'normal'],
      ['Scopes', 'scopes, scope agent', 'normal'],
      ['Beside the gateways', 'cutter litellm, fallback cloud, last resort', 'normal'],
    ]);
  });

  it.each([
    [['normal', 'supervisory'], 'supervisory'],
    [['supervisory', 'alarm'], 'alarm'],
    [['alarm', 'trouble', 'normal'], 'trouble'],
  ] as const)('shows the worst of %j', (signals, worst) => {
    expect(stations(signals.map((signal) => part('ledger', signal)))).toMatchObject([{ worst }]);
  });

  it('reads what an older Pullcord says', () => {
    expect(shown([part('ledger', undefined, false)])).toEqual([['Pullcord', 'ledger', 'trouble']]);
  });
});

const drill = (id: string, at: string, ms?: number, state: DrillAnswer['state'] = 'passed'): DrillAnswer => ({
  ...{ id, state, by: 'schedule', startedAt: at, steps: [], text: '' },
  ...(ms === undefined ? {} : { ms }),
});

describe('drills over the months', () => {
  it('are dots from the oldest to the newest, the longest on top', () => {
    const drawn = dots([
      drill('c', '2026-03-01T00:00:00Z', 4_000),
      drill('b', '2026-02-01T00:00:00Z', undefined, 'running'),
      drill('s', '2026-02-01T00:00:00Z', 9, 'skipped'),
      drill('a', '2026-01-01T00:00:00Z', 8_000, 'failed'),
    ]);
    expect(drawn).toEqual([
      { id: 'c', x: WIDTH - 10, y: HEIGHT / 2, passed: true },
      { id: 'a', x: 10, y: 10, passed: false },
    ]);
  });

  it('one alone stands in the middle, none is none', () => {
    expect(dots([drill('a', '2026-01-01T00:00:00Z', 5)])).toMatchObject([{ x: WIDTH / 2 }]);
    expect(dots([])).toEqual([]);
  });

  it.each([
    [[], undefined],
    [[3], 3],
    [[9, 1, 3], 3],
    [[4, 1, 2, 10], 3],
  ])('median of %j', (numbers, is) => expect(median(numbers)).toBe(is));
});
