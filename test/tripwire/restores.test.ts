import type { Latch } from '../../src/latch/latch';
import { Restores } from '../../src/tripwire/restores';

const latch = (state: Latch['state'], order: number, incident = 0, scope = 'agent'): Latch => ({
  ...{ scope, state, order, since: 0 },
  ...(incident === 0 ? {} : { incident }),
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
  see(1, latch('live', 0));
  see(2, latch('severing', 1, 1));
  see(3, latch('severed', 1, 1));
  expect(restored).toEqual([]);
  see(4, latch('restoring', 2, 1));
  see(5, latch('live', 2));
  expect(restored).toEqual(['agent 4']);
});

it.each([
  ['a cut and its restore between two looks', latch('live', 4), latch('live', 6)],
  ['a restore and a new cut between two looks', latch('severed', 1, 1), latch('severed', 5, 5)],
  ['a restore of which the end was seen alone', latch('severed', 1, 1), latch('live', 2)],
])('%s is noticed, too', (_what, before, after) => {
  const { restored, see } = setUp();
  see(1, before);
  see(2, after);
  expect(restored).toEqual(['agent 2']);
});

it.each([
  ['a cut that gets its number late', latch('severing', 0), latch('severing', 7, 7)],
  ['a cut that is ordered again', latch('severed', 7, 7), latch('severing', 8, 7)],
  ['a trip that overtakes a restore', latch('restoring', 8, 7), latch('severing', 9, 7)],
  ['nothing', latch('live', 0), latch('live', 0)],
])('%s is no restore', (_what, before, after) => {
  const { restored, see } = setUp();
  see(1, before);
  see(2, after);
  expect(restored).toEqual([]);
});

it('a restore while the program was down is noticed at its start', () => {
  const { restored, see, make, restores } = setUp();
  see(1, latch('severed', 3, 3), latch('severed', 4, 4, 'llm'), latch('severed', 5, 5, 'other'));
  const next = make();
  next.load(JSON.parse(JSON.stringify(restores.save())));
  next.notice([latch('live', 6), latch('severed', 4, 4, 'llm'), latch('live', 7, 0, 'other')], 9);
  expect(restored).toEqual(['agent 9']);
});
