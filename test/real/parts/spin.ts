import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spin } from './install';

const MODEL = join(__dirname, '../../../docs/model/pullcord.pml');
/** Megabytes. A search that needs more fails: it was not exhaustive. */
const MEMORY = 1_500;
const LONGEST_MS = 300_000;

export interface Search {
  /** What is set in the model, as `NAME` or `NAME=value`. */
  readonly set: readonly string[];
  /** Cycles that never come right are looked for, too, with weak fairness among the processes. */
  readonly lasting?: boolean;
}

export interface Found {
  readonly errors: number;
  /** What was violated, in the checker's words; empty when nothing was. */
  readonly violated: string;
  readonly states: number;
}

/**
 * Has the checker look at each state that the model can reach.
 * @throws Error when the search was not exhaustive: that is no result.
 */
export function search({ set, lasting = false }: Search): Found {
  const cwd = mkdtempSync(join(tmpdir(), 'pullcord-model-'));
  const run = (command: string, args: readonly string[]): string =>
    execFileSync(command, args, { cwd, encoding: 'utf8', timeout: LONGEST_MS, maxBuffer: 1e7, stdio: 'pipe' });
  try {
    run(spin(), ['-a', ...set.map((name) => `-D${name}`), MODEL]);
    const kind = lasting ? ['-DNFAIR=3'] : ['-DSAFETY', '-DNOCLAIM'];
    run('gcc', ['-O2', `-DMEMLIM=${MEMORY}`, ...kind, '-o', 'pan', 'pan.c']);
    return read(run('./pan', ['-m200000', ...(lasting ? ['-a', '-f'] : ['-E'])]));
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

function read(report: string): Found {
  const errors = Number(/errors: (\d+)/.exec(report)?.[1]);
  const states = Number(/(\d+) states, stored/.exec(report)?.[1]);
  const violated = /pan:\d+: (.*) \(at depth/.exec(report)?.[1] ?? '';
  const cutShort = /error: max search depth too small|out of memory|Search not completed/.test(report);
  if (Number.isNaN(errors) || Number.isNaN(states) || (errors === 0 && cutShort))
    throw new Error(`the search was not exhaustive:\n${report}`);
  return { errors, violated, states };
}
