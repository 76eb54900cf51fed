import type { Result } from '../figures';

export interface CaseOptions {
  /** Rounds; left out: the case's own number. */
  readonly n?: number | undefined;
  readonly folder: string;
  readonly cpuProfiles?: string | undefined;
}

export interface Case {
  readonly name: string;
  run(options: CaseOptions): Promise<readonly Result[]>;
}
