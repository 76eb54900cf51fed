import { within } from '../../queue/wait';
import type { Finding } from '../checks/finding';
import { judgeFindings } from './judge';
import type { Condition } from './part';

/** Looks at some parts, again and again. */
export interface Watcher {
  readonly parts: readonly WatchedPart[];
  readonly everyMs: number;
  /** Bound of one look. Milliseconds. */
  readonly withinMs: number;
  /** What was found, by the name of the part. What it throws, and what it takes too long for, is trouble. */
  look(): Promise<Readonly<Record<string, readonly Finding[]>>>;
}

export interface WatchedPart {
  readonly name: string;
  /** The part whose trouble explains this one's: while it lasts this one is shown, and not told. */
  readonly because?: string;
  /** What silence means. Left out: trouble. */
  readonly silence?: 'trouble' | 'supervisory';
  /** Whether somebody else tells of it. */
  readonly untold?: boolean;
}

export interface WatchingOptions {
  readonly watcher: Watcher;
  readonly everyMs: number;
  readonly signal: AbortSignal;
  /** What a look showed of a part. @returns nothing; must not throw. */
  readonly onSeen: (name: string, condition: Condition) => void;
  /** All parts of one look were shown. */
  readonly onLook: () => void;
}

/**
 * What is wrong is looked at again soon: it may have been one lost packet, or about to be seen to, as at a start. The last
 * one repeats.
 */
const AGAIN_MS = [500, 5_000, 10_000, 20_000, 30_000] as const;

/** Goes on looking until the signal comes. @returns what makes the next look come at once, and the end of it all. */
export function watching({ watcher, everyMs, signal, onSeen, onLook }: WatchingOptions): {
  readonly kick: () => void;
  readonly ended: Promise<void>;
} {
  let wake: () => void = () => undefined;
  let hanging = false;

  async function look(): Promise<(name: string) => Condition> {
    const { withinMs } = watcher;
    try {
      // A look that hangs is not begun a second time.
      if (hanging) throw new Error('the last look has not ended yet');
      hanging = true;
      const looking = Promise.resolve()
        .then(() => watcher.look())
        .finally(() => {
          hanging = false;
        });
      const found = await within(looking, withinMs, () => new Error(`it took longer than ${withinMs} ms`));
      return (name) => judgeFindings(found[name] ?? []);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return () => ({ signal: 'trouble', detail: `could not be looked at: ${why}`, todo: 'See the log.' });
    }
  }

  async function loop(): Promise<void> {
    let misses = 0;
    while (!signal.aborted) {
      const conditionOf = await look();
      if (signal.aborted) return;
      const conditions = watcher.parts.map(({ name }) => [name, conditionOf(name)] as const);
      for (const [name, condition] of conditions) onSeen(name, condition);
      onLook();
      misses = conditions.some(([, condition]) => condition.signal === 'trouble') ? misses + 1 : 0;
      const soon = AGAIN_MS[Math.min(misses, AGAIN_MS.length) - 1] ?? everyMs;
      await sleep(Math.min(soon, everyMs));
    }
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms).unref();
      wake = done;
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  return { kick: () => wake(), ended: loop() };
}
