import { type Cell, cells, nameOf } from './matrix/components';
import { type Played, run } from './matrix/run';
import { startStage } from './matrix/stage';

/** A few cells of the matrix, at a quicker pace than `npm run test:real` plays all of them. */

const FEW =
  /^(Admin API, (hang, STOP overtakes|lost, in STOP's write|error, while severed|changed, in RESTORE's write)|data plane, (hang, before STOP|garbage, between write and seen|reset, while severed|refused, before RESTORE)|guard, (late write, STOP overtakes|lost, in STOP's write|hang, while severed|reset, in RESTORE's write))$/;
const chosen: readonly Cell[] = cells.filter((cell) => FEW.test(nameOf(cell)));
const LANES = 3;

let played: ReadonlyMap<string, Played>;
beforeAll(async () => {
  const pace = { faultMs: 1_200, timeoutMs: 500 };
  played = await run({ cells: chosen, lanes: LANES, start: (component) => startStage(component, {}, pace) });
}, 120_000);

it('plays as many as are named', () => expect(chosen).toHaveLength(12));

it.each(chosen.map((cell) => [nameOf(cell)]))('%s', (name) => {
  expect(played.get(name)).toMatchObject({ broken: [], openedMs: 0 });
});
