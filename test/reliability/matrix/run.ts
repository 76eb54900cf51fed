import { type Cell, type ComponentName, nameOf } from './components';
import { scripts } from './moments';
import { Play } from './play';
import type { Stage } from './stage';

export interface Played extends Cell {
  /** How long its order took; see `scripts`. Milliseconds; undefined when it did not get there. */
  readonly ms: number | undefined;
  readonly broken: readonly string[];
  /** For how long the gateway served although nobody had restored. Milliseconds. */
  readonly openedMs: number;
}

export interface RunOptions {
  readonly cells: readonly Cell[];
  /** How many installations play at the same time. */
  readonly lanes: number;
  readonly start: (component: ComponentName) => Promise<Stage>;
}

/** Plays all cells, several at a time, each lane on an installation of its own; one that broke a law is not used again. */
export async function run({ cells, lanes, start }: RunOptions): Promise<ReadonlyMap<string, Played>> {
  const played = new Map<string, Played>();
  const note = (one: Played): void => void played.set(nameOf(one), one);
  const waiting = [...cells];

  /** How many lanes are at each component. */
  const at = new Map<ComponentName, number>();
  // The embedded database computes in this very process: more of them measure each other.
  const isFull = (name: ComponentName): boolean => name === 'embedded ledger' && (at.get(name) ?? 0) >= 2;
  /** A lane stays where it is; else it goes where most cells wait for a lane. */
  const next = (component: ComponentName | undefined): Cell | undefined => {
    const share = (cell: Cell): number =>
      cell.component === component
        ? Number.POSITIVE_INFINITY
        : waiting.filter((one) => one.component === cell.component).length / (1 + (at.get(cell.component) ?? 0));
    const [best] = waiting
      .filter((cell) => cell.component === component || !isFull(cell.component))
      .sort((a, b) => share(b) - share(a));
    if (!best) return undefined;
    waiting.splice(waiting.indexOf(best), 1);
    if (best.component !== component) {
      if (component) at.set(component, (at.get(component) ?? 1) - 1);
      at.set(best.component, (at.get(best.component) ?? 0) + 1);
    }
    return best;
  };
  const lane = async (): Promise<void> => {
    let stage: Stage | undefined;
    let component: ComponentName | undefined;
    for (let cell = next(component); cell; cell = next(component)) {
      if (cell.component !== component) {
        await stage?.close();
        stage = undefined;
      }
      component = cell.component;
      try {
        stage ??= await start(component);
        const result = await one(stage, cell);
        note(result);
        if (result.broken.length === 0) continue;
      } catch (error) {
        note({ ...cell, ms: undefined, broken: [String(error)], openedMs: 0 });
      }
      await stage?.close().catch(() => undefined);
      stage = undefined;
    }
    await stage?.close();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return played;
}

async function one(stage: Stage, cell: Cell): Promise<Played> {
  const play = new Play(stage, cell);
  let ms: number | undefined;
  try {
    await play.begin();
    ms = await scripts[cell.moment](play);
    await play.end();
  } catch (error) {
    play.broken.push(error instanceof Error ? error.message : String(error));
    await stage.proxy.lift();
  }
  return { ...cell, ms, broken: play.broken, openedMs: play.openedMs };
}
