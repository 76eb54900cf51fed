import { Room } from '../../src/tripwire/room';

it('is full while more is refused, whichever source a look is of, and for some minutes after', () => {
  const room = new Room();
  const minute = 60_000;
  const takes = (refused: number, at: number) => room.take(refused, at * minute);
  expect(takes(0, 0)).toBe('enough');
  // Two sources by turns: one of them has more than there is room for.
  expect([takes(3, 1), takes(3, 1.05), takes(6, 2), takes(6, 2.05)]).toEqual(['full', 'full', 'full', 'full']);
  expect([takes(6, 4.9), room.isFull]).toEqual(['full', true]);
  expect([takes(6, 5.1), room.isFull]).toEqual(['enough', false]);
  expect(takes(7, 6)).toBe('full');
});
