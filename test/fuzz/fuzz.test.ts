import { targets } from './targets';

/** A few of the million that `npm run test:soak` tries, so that they can't rot. Always the same ones. */
const RUNS = 300;

afterAll(() => Promise.all(targets.map((target) => target.close?.())));

it.each(targets.map((target) => [target.name, target] as const))('%s: nothing crashes, nothing slips in', (_, target) =>
  target.tries(target.share < 50_000 ? RUNS / 10 : RUNS),
);
