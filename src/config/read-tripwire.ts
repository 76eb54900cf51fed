import { dirname, resolve } from 'node:path';
import { ConfigError, type Finding } from './fault';
import { findingsOf } from './judge';
import { DEFAULT_PATH, holds, type ReadConfigOptions, readText, textOf, toFault } from './read';
import { type Tripwire, tripwire } from './tripwire';
import { variables } from './variables';
import { parseYaml } from './yaml';

export interface ReadTripwireOptions extends ReadConfigOptions {
  /** Whether LiteLLM is going to be asked. Without it the block `litellm` is not read, and its keys need not be there. */
  readonly asks: boolean;
}

const STAND_IN = [{ url: 'http://127.0.0.1' }];

/**
 * Reads the block `tripwire` of `pullcord.yaml` alone: nothing else has to be right, and no other secret be there.
 * @throws ConfigError holding every fault of the block
 */
export function readTripwire({ path, env, readFile = readText, asks }: ReadTripwireOptions): Tripwire {
  const file = path || env.PULLCORD_CONFIG || DEFAULT_PATH;
  const yaml = parseYaml(textOf(file, readFile));
  if (yaml.broken.length > 0) throw new ConfigError(file, yaml.broken);
  const written = blockOf(yaml.value);
  if (!written) {
    const message = 'missing; add the block tripwire, or leave --config out';
    throw new ConfigError(file, [{ path: 'tripwire', message }]);
  }
  const { litellm, ...rest } = written;
  const expanded = variables(env, readFile).expand({ tripwire: asks ? written : rest });
  const block = expanded.value.tripwire as Record<string, unknown>;
  const value = asks ? block : { ...block, litellm: STAND_IN };
  const parsed = tripwire.safeParse(value);
  const late = (parsed.error?.issues ?? []).flatMap((issue): readonly Finding[] =>
    findingsOf({ ...issue, path: ['tripwire', ...issue.path] }, { tripwire: value }),
  );
  const early = expanded.findings;
  const findings = [...early, ...late.filter(({ at }) => !early.some((cause) => holds(at, cause.at)))];
  const duplicates = yaml.duplicates.filter((fault) => fault.path.startsWith('tripwire'));
  const faults = [...duplicates, ...findings.map((finding) => toFault(finding, yaml))];
  if (!parsed.success || faults.length > 0) throw new ConfigError(file, faults);
  const absolute = (one: Tripwire['litellm'][number]) =>
    one.caFile === undefined ? one : { ...one, caFile: resolve(dirname(file), one.caFile) };
  return { ...parsed.data, litellm: parsed.data.litellm.map(absolute) };
}

function blockOf(root: unknown): Record<string, unknown> | undefined {
  const block = root instanceof Object && 'tripwire' in root ? root.tripwire : undefined;
  return block instanceof Object && !Array.isArray(block) ? (block as Record<string, unknown>) : undefined;
}
