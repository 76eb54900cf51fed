import { z } from 'zod';
import { ConfigError, dotted, type Fault } from '../../config/fault';
import { parseYaml } from '../../config/yaml';

/** How each key of a recording is watched, by its name: what an operator would configure. */
export type KeysFile = ReadonlyMap<string, KeyOptions>;

const keyOptions = z.strictObject({
  profile: z.enum(['agent', 'service']).optional(),
  daily_budget_usd: z.number().positive().optional(),
});
export type KeyOptions = z.infer<typeof keyOptions>;

/**
 * `{"<key>": {"profile": "agent" | "service", "daily_budget_usd": 100}}`, as JSON or YAML.
 * @param file for the messages.
 * @throws ConfigError holding every fault
 */
export function parseKeysFile(file: string, text: string): KeysFile {
  const { value, broken, duplicates, lineOf } = parseYaml(text);
  if (broken.length > 0) throw new ConfigError(file, broken);
  const parsed = z.record(z.string().min(1), keyOptions).safeParse(value);
  const faults = (parsed.error?.issues ?? []).flatMap((issue): Fault[] => {
    const path = issue.path.filter((step) => typeof step !== 'symbol');
    const places = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
    return places.map((place) => {
      const line = lineOf(place);
      return { path: dotted(place), message: messageOf(issue), ...(line === undefined ? {} : { line }) };
    });
  });
  if (!parsed.success || duplicates.length > 0) throw new ConfigError(file, [...duplicates, ...faults]);
  return new Map(Object.entries(parsed.data));
}

function messageOf(issue: z.core.$ZodIssue): string {
  const name = issue.path.at(-1);
  if (issue.code === 'unrecognized_keys') return 'unknown; known here: profile, daily_budget_usd';
  if (name === 'profile') return 'must be agent or service';
  if (name === 'daily_budget_usd') return 'must be a number of dollars above 0';
  return issue.path.length === 0 ? 'must be a map of keys' : 'must be a map of options: profile, daily_budget_usd';
}
