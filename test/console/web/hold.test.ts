import fc from 'fast-check';
import { HOLD_MS, type Hold, type HoldEvent, hold, idle, progress } from '../../../src/console/web/hold';

const play = (events: readonly HoldEvent[]): readonly Hold[] => {
  let now: Hold = idle;
  return events.map((event) => {
    now = hold(now, event);
    return now;
  });
};
const phases = (events: readonly HoldEvent[]): readonly string[] => play(events).map(({ phase }) => phase);

describe('press and hold', () => {
  it('orders once it was held for long enough, and once only', () => {
    const events = [
      { kind: 'press', at: 0 },
      { kind: 'tick', at: HOLD_MS - 1 },
      { kind: 'tick', at: HOLD_MS },
      { kind: 'tick', at: HOLD_MS * 3 },
      { kind: 'release', at: HOLD_MS * 3 },
    ] as const;
    expect(phases(events)).toEqual(['holding', 'holding', 'done', 'done', 'idle']);
  });

  it.each(['release', 'lost'] as const)('orders nothing when it ends too early by %s', (kind) => {
    expect(
      phases([
        { kind: 'press', at: 5 },
        { kind, at: HOLD_MS },
      ]),
    ).toEqual(['holding', 'early']);
  });

  it('orders at the release when no frame was drawn in time', () => {
    expect(
      phases([
        { kind: 'press', at: 0 },
        { kind: 'release', at: HOLD_MS },
      ]),
    ).toEqual(['holding', 'done']);
  });

  it('orders nothing where the focus is lost, however long it was held', () => {
    const events = [
      { kind: 'press', at: 0 },
      { kind: 'lost', at: HOLD_MS * 2 },
    ] as const;
    expect(phases(events)).toEqual(['holding', 'early']);
  });

  it('begins anew after each end', () => {
    const early = play([
      { kind: 'press', at: 0 },
      { kind: 'release', at: 10 },
      { kind: 'press', at: 2_000 },
      { kind: 'tick', at: 2_000 + HOLD_MS - 1 },
    ]);
    expect(early.at(-1)).toEqual({ phase: 'holding', since: 2_000 });
  });

  it('shows how far it is', () => {
    const holding: Hold = { phase: 'holding', since: 100 };
    expect([0, 100, 100 + HOLD_MS / 2, 100 + 2 * HOLD_MS].map((at) => progress(holding, at))).toEqual([0, 0, 0.5, 1]);
    expect([progress(idle, 5), progress({ phase: 'early' }, 5), progress({ phase: 'done' }, 5)]).toEqual([0, 0, 1]);
  });

  it('never orders without a press that lasted for all of the time', () => {
    const kind = fc.constantFrom('press', 'tick', 'release', 'lost' as const);
    fc.assert(
      fc.property(fc.array(fc.record({ kind, after: fc.nat(2 * HOLD_MS) })), (steps) => {
        let at = 0;
        let pressedAt: number | undefined;
        let now: Hold = idle;
        for (const { kind, after } of steps) {
          at += after;
          const next = hold(now, { kind, at });
          if (next.phase === 'done' && now.phase !== 'done') {
            expect(pressedAt).toBeDefined();
            expect(at - (pressedAt ?? at)).toBeGreaterThanOrEqual(HOLD_MS);
          }
          if (kind === 'press' && now.phase !== 'holding') pressedAt = at;
          if (kind === 'release' || kind === 'lost') pressedAt = undefined;
          now = next;
        }
      }),
    );
  });
});
