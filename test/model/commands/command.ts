import type { AsyncCommand } from 'fast-check';
import type { World } from '../world';

/** The model that fast-check hands around: what is known lives with the laws. */
export type Facts = Record<string, never>;

/** One thing that happens to the world, and how many events follow before the next one does. */
export class Command implements AsyncCommand<Facts, World> {
  constructor(
    private readonly name: string,
    private readonly steps: number,
    private readonly happen: (world: World) => Promise<void> | void,
  ) {}

  check(): boolean {
    return true;
  }

  async run(_facts: Facts, world: World): Promise<void> {
    await world.time.as(undefined, () => undefined);
    await this.happen(world);
    for (let i = 0; i < this.steps; i += 1) if (!(await world.time.step())) break;
    holds(world);
  }

  toString(): string {
    return `${this.name} +${this.steps}`;
  }
}

/** @throws Error when a law was broken. */
export function holds({ laws: { broken } }: World): void {
  if (broken.length > 0) throw new Error(broken.join('\n'));
}
