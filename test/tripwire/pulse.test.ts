import pino from 'pino';
import { Episodes } from '../../src/tripwire/episodes';
import { Pulse } from '../../src/tripwire/pulse';
import type { Signal } from '../../src/tripwire/signal';

const AT = Date.UTC(2026, 0, 1);
const signal = (level: Signal['level'], id: string, at = AT): Signal => ({
  ...{ level, at, subject: { kind: 'key', id }, rule: 'ceiling', unit: 'usd', windowSeconds: 60 },
  ...{ observed: 6, usual: 1, limit: 5, since: at, beyondUsual: 5 },
});

function pulseOf(spent: { usd: number; tokens: number } | undefined, sees = true) {
  const episodes = new Episodes();
  const minutes: number[] = [];
  const outlook = (_: unknown, at: number) => {
    minutes.push(at);
    return spent && { spent: { minute: spent, hour: spent, day: spent } };
  };
  const pulse = new Pulse({ detection: { outlook }, episodes, sees: () => sees, logger: pino({ level: 'silent' }) });
  return { pulse, episodes, minutes };
}

it('says what is spent just now, whether it is seen, and the worst that stands', () => {
  const { pulse, episodes } = pulseOf({ usd: 3, tokens: 70 });
  const bare = { at: AT, sees: true, usdPerMinute: 3, tokensPerMinute: 70 };
  expect(pulse.summary(AT)).toEqual(bare);
  episodes.begins(signal('warn', 'a'));
  expect(pulse.summary(AT)).toEqual({ ...bare, standing: 'warn' });
  episodes.begins(signal('trip', 'b'));
  episodes.begins(signal('warn', 'c'));
  expect(pulse.summary(AT)).toEqual({ ...bare, standing: 'trip' });
  expect(pulse.summary(AT + 600_001).standing).toBeUndefined();
  expect(pulseOf(undefined, false).pulse.summary(AT)).toEqual({
    ...bare,
    sees: false,
    usdPerMinute: 0,
    tokensPerMinute: 0,
  });
});

it('tells each listener after each look until it ends it, whatever another does, and reckons for nobody', () => {
  const { pulse, minutes } = pulseOf({ usd: 1, tokens: 1 });
  pulse.looked(AT);
  expect(minutes).toEqual([]);
  const heard: number[] = [];
  const broken = pulse.onLook(() => {
    throw new Error('not my day');
  });
  const listener = ({ at }: { at: number }) => void heard.push(at);
  const end = pulse.onLook(listener);
  const endTwin = pulse.onLook(listener);
  pulse.looked(AT + 1);
  endTwin();
  pulse.looked(AT + 2);
  end();
  end();
  pulse.looked(AT + 3);
  broken();
  pulse.looked(AT + 4);
  expect(heard).toEqual([AT + 1, AT + 1, AT + 2]);
  expect(minutes).toEqual([AT + 1, AT + 2, AT + 3]);
});
