import fc from 'fast-check';
import { call, trip } from './commands/calls';
import type { Command, Facts } from './commands/command';
import { drift } from './commands/drift';
import * as mishaps from './commands/mishaps';
import { guesses, text, textAgain } from './commands/texts';
import { comesToRest, isOnPaper, isPutBack } from './rest';
import { World, type WorldOptions } from './world';

/** Things that happen, besides the end that every sequence has. */
const MOST = 10;

const worldOf = fc.record({
  operators: fc.constantFrom<1 | 2>(1, 1, 2),
  method: fc.constantFrom('auto' as const, 'auto' as const, 'clamp' as const, 'rewrite' as const),
  nodes: fc.constantFrom([1], [2], [1, 1], [2, 1]),
  instances: fc.constantFrom<1 | 2>(1, 1, 1, 1, 2),
  jitter: fc.nat(1_000_000),
});

const { crash, start, adminFault, nodeFault, ledgerFault, queueFault, smsFault, mend, clock, wait } = mishaps;

/** Orders come about as often as everything else together. */
const kinds = [
  ...[text, text, text, text, text, call, call, trip, textAgain, guesses],
  ...[crash, start, adminFault, nodeFault, ledgerFault, ledgerFault, queueFault, smsFault, mend, clock, drift, drift],
  ...[wait, wait],
];

export const sequences = () =>
  fc
    .tuple(worldOf, fc.commands(kinds, { maxCommands: MOST, size: 'max' }))
    .map(([options, commands]) => [options, commands as Iterable<Command>] as const);

/** @throws Error when a law was broken on the way or at the end. */
export async function lives(options: WorldOptions, commands: Iterable<Command>): Promise<void> {
  const world = new World(options);
  try {
    for (let i = 0; i < options.instances; i += 1) await world.boot(i);
    await world.time.run(40);
    await fc.asyncModelRun(() => ({ model: {} as Facts, real: world }), commands);
    await comesToRest(world);
    await isPutBack(world);
    await isOnPaper(world);
  } finally {
    world.close();
  }
}
