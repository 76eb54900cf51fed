import { COMPONENTS, type Component, type Moment } from './components';
import type { Play } from './play';

/** How long a fault waits to be met by what Pullcord does by itself. Milliseconds. */
const IDLE_MS = 1_500;

/**
 * What happens at each moment. Each plays until its order has come to its goal, and tells how long that took, in
 * milliseconds: from the STOP until severed was said; while severed, until the gateway refused again; of a RESTORE until
 * restored was said.
 */
export const scripts: Readonly<Record<Moment, (play: Play) => Promise<number>>> = {
  'before STOP': async (play) => {
    await play.fault();
    await play.untilMet(IDLE_MS);
    return play.stop('alice');
  },
  "in STOP's write": async (play) => {
    await play.fault(writeOf(play));
    return play.stop('alice');
  },
  'between write and seen': async (play) => {
    const faulted = new Promise<void>((resolve) => play.stage.onWritten(() => resolve(play.fault())));
    const ms = await play.stop('alice');
    await faulted;
    return ms;
  },
  'while severed': async (play) => {
    await play.stop('alice');
    await play.fault();
    return play.drift();
  },
  'before RESTORE': async (play) => {
    await play.stop('alice');
    await play.fault();
    await play.untilMet(IDLE_MS);
    return play.restore('bob');
  },
  "in RESTORE's write": async (play) => {
    await play.stop('alice');
    await play.fault(writeOf(play));
    return play.restore('bob');
  },
  'STOP overtakes': async (play) => {
    await play.stop('alice');
    await play.fault(writeOf(play));
    const { verdict } = play.sayRestore('bob');
    await play.untilMet(IDLE_MS);
    const ms = await play.stop('carol');
    await verdict();
    return ms;
  },
  'at the start': async (play) => {
    await play.stage.rig.restart(() => play.fault());
    return play.stop('alice');
  },
};

function writeOf({ cell }: Play): RegExp | undefined {
  const { write }: Component = COMPONENTS[cell.component];
  return write;
}
