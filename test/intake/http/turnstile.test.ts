import { setImmediate as turn } from 'node:timers/promises';
import { turnstile } from '../../../src/intake/http/turnstile';

/** Sends so many through at once; tells who is in, in the order of their coming in. */
function crowd(perTurn: number) {
  const pass = turnstile(perTurn);
  const inside: number[] = [];
  const come = (who: number, res = { closed: false }): void => pass(undefined, res, () => inside.push(who));
  return { inside, come };
}

describe('turnstile', () => {
  it('lets somebody who comes alone in at once', () => {
    const { inside, come } = crowd(1);
    come(1);
    expect(inside).toEqual([1]);
  });

  it('lets a few in at each turn of the event loop, in the order of their coming, and forgets nobody', async () => {
    const { inside, come } = crowd(2);
    for (const who of [1, 2, 3, 4, 5]) come(who);
    expect(inside).toEqual([1, 2]);
    await turn();
    expect(inside).toEqual([1, 2, 3, 4]);
    await turn();
    expect(inside).toEqual([1, 2, 3, 4, 5]);
  });

  it('lets nobody overtake those who wait', async () => {
    const { inside, come } = crowd(2);
    for (const who of [1, 2, 3, 4, 5]) come(who);
    await turn();
    come(6);
    expect(inside).toEqual([1, 2, 3, 4]);
    await turn();
    expect(inside).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('is open again after a crowd', async () => {
    const { inside, come } = crowd(1);
    for (const who of [1, 2]) come(who);
    for (let turns = 0; turns < 4; turns += 1) await turn();
    come(3);
    expect(inside).toEqual([1, 2, 3]);
  });

  it('gives no turn to who hung up while waiting', async () => {
    const { inside, come } = crowd(1);
    const gone = { closed: false };
    come(1);
    come(2, gone);
    come(3);
    gone.closed = true;
    await turn();
    expect(inside).toEqual([1, 3]);
    await turn();
    expect(inside).toEqual([1, 3]);
  });
});
