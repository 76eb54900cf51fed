import { PERIOD_MS, type Sent } from '../model';
import { backupOf, codeAt, type Name, restores } from '../people';
import type { Program } from '../program';
import type { World } from '../world';

export const codeKinds = ['fresh', 'fresh', 'fresh', 'next', 'earlier', 'old', 'wrong', 'backup', 'none'] as const;
export type CodeKind = (typeof codeKinds)[number];

/** What somebody types, and what the model knows of it. */
export function codeOf(world: World, name: Name, kind: CodeKind, n: number): { text: string; proof: Sent['proof'] } {
  const now = Math.floor(world.truth() / PERIOD_MS);
  const ofStep = (step: number, real = true): { text: string; proof: Sent['proof'] } => {
    const text = real ? codeAt(name, step) : wrongCode(name, now);
    world.laws.typed.add(text);
    return { text, proof: { kind: 'code', operator: name, restores: restores(name), step: real ? step : undefined } };
  };
  switch (kind) {
    case 'fresh':
    case 'next':
      return ofStep(now);
    case 'earlier':
      return ofStep(now - 1);
    case 'old':
      return ofStep(now - 4);
    case 'wrong':
      return ofStep(now, false);
    case 'backup': {
      const text = backupOf(name, n);
      world.laws.typed.add(text);
      return { text, proof: { kind: 'backup', code: text, real: n <= 2 } };
    }
    case 'none':
      return { text: '', proof: { kind: 'nothing' } };
  }
}

/** Who types the next code waits until the app shows one that was not used yet. */
export async function waitForNext(world: World, name: Name): Promise<void> {
  const newest = world.laws.model.steps.get(name) ?? -1;
  const now = world.truth();
  if (newest === Math.floor(now / PERIOD_MS)) await world.time.run(PERIOD_MS - (now % PERIOD_MS));
}

/** Of no step near enough to count, whatever the clock does. */
function wrongCode(name: Name, now: number): string {
  for (let code = 100_000; ; code += 1) {
    const text = String(code);
    if (![-2, -1, 0, 1, 2].some((ago) => codeAt(name, now + ago) === text)) return text;
  }
}

/** The one that is asked for, or any that lives. */
export const alive = (world: World, instance: number): Program | undefined =>
  world.programs[instance % world.programs.length] ?? world.programs.find((program) => program !== undefined);

let serial = 0;
/** Never the same again. */
export const nextId = (): number => ++serial;
