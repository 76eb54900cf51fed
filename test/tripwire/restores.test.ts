import type { Latch } from '../../src/latch/latch';
import { Restores } from '../../src/tripwire/restores';

const latch = (state: Latch['state'], incident?: number, scope = 'agent'): Latch => ({
  ...{ scope, state, order: incident ?? 0, since: 0 },
  ...(incident === undefined ? {} : { incident }),
});

function setUp() {
  const restored: string[] = [];
  const make = () =>
    new Restores({ scopes: ['agent', 'llm'], onRestore: (scope, at) => void restored.push(`${scope} ${at}`) });
  const restores = make();
  return { restored, make, see: (at: number, ...latches: Latch[]) => restores.notice(latches, at), restores };
}

it('notices each restore once, when it is ordered', () => {
  const { restored, see } = setUp();
  see(1, latch('live'));
  see(2, latch('severing', 1));
  see(3, latch('severed', 1));
  expect(restored).toEqual([]);
  see(4, latch('restoring', 1));
  see(5, latch('live'));
  expect(restored).toEqual(['agent 4']);
});

it('a restore and a new cut between two looks is noticed, too', () => {
  const { restored, see } = setUp();
  see(1, latch('severed', 1));
  see(2, latch('severed', 5));
  expect(restored).toEqual(['agent 2']);
});

it('a cut that gets its number late is no restore', () => {
  const { restored, see } = setUp();
  see(1, latch('severing'));
  see(2, latch('severing', 7));
  expect(restored).toEqual([]);
});

it('a restore while the program was down is noticed at its start', () => {
  const { restored, see, make, restores } = setUp();
  see(1, latch('severed', 3), latch('severed', 4, 'llm'), latch('severed', 5, 'other'));
  const next = make();
  next.load(JSON.parse(JSON.stringify(restores.save())));
  next.notice([latch('live'), latch('severed', 4, 'llm'), latch('live', undefined, 'other')], 9);
  expect(restored).toEqual(['agent 9']);
});
