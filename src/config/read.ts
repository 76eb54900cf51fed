import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError, type ConfigPath, dotted, type Fault, type Finding } from './fault';
import { findingsOf } from './judge';
import { type Config, configSchema } from './schema';
import { KeyMalformed, parseMasterKey } from './secrets';
import { fromEnvironment, type Variables, variables } from './variables';
import { warningsOf } from './warnings';
import { type ParsedYaml, parseYaml } from './yaml';

/**
 * Reads `pullcord.yaml`. Fails towards "no configuration": one fault is enough, and all of them are told at once.
 */

export const DEFAULT_PATH = 'pullcord.yaml';

export interface ReadConfigOptions {
  /** Left out: PULLCORD_CONFIG, or `pullcord.yaml`. */
  readonly path?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the configuration and what a `NAME_FILE` names; throws when it can't. */
  readonly readFile?: (path: string) => string;
}

export interface ReadConfig {
  /** Paths of files and folders are absolute; in the file they are relative to it. */
  readonly config: Config;
  /** What is allowed and yet most often a mistake. */
  readonly warnings: readonly string[];
}

/** @throws ConfigError holding every fault, never the value of a secret */
export function readConfig({ path, env, readFile = readText }: ReadConfigOptions): ReadConfig {
  const file = path || env.PULLCORD_CONFIG || DEFAULT_PATH;
  const yaml = parseYaml(textOf(file, readFile));
  if (yaml.broken.length > 0) throw new ConfigError(file, yaml.broken);
  const written = yaml.value ?? {};
  if (!isRecord(written)) throw new ConfigError(file, [{ path: '', message: 'must be a map of options' }]);

  const environment = variables(env, readFile);
  const expanded = environment.expand(written);
  const given = fromTheEnvironment(written, expanded.value, environment);
  const value = { ...given.value, ...expanded.value };
  const parsed = configSchema.safeParse(value);

  const early = [...expanded.findings, ...given.findings, ...keyFindings(value)];
  const late = (parsed.error?.issues ?? []).flatMap((issue) => findingsOf(issue, value));
  const findings = [...early, ...late.filter(({ at }) => !early.some((cause) => holds(at, cause.at)))];
  const faults = [...yaml.duplicates, ...findings.map((finding) => toFault(finding, yaml))];
  if (!parsed.success || faults.length > 0) throw new ConfigError(file, faults);

  return { config: absolute(parsed.data, dirname(file)), warnings: warningsOf(parsed.data, given.unused) };
}

export const readText = (path: string): string => readFileSync(path, 'utf8');

export function textOf(file: string, readFile: (path: string) => string): string {
  try {
    return readFile(file);
  } catch {
    const message = 'cannot be read; copy pullcord.example.yaml, or name your file by --config or PULLCORD_CONFIG';
    throw new ConfigError(file, [{ path: '', message }]);
  }
}

/** What the file leaves out and the environment has. */
function fromTheEnvironment(
  written: Readonly<Record<string, unknown>>,
  expanded: Readonly<Record<string, unknown>>,
  environment: Variables,
): { value: Record<string, unknown>; findings: readonly Finding[]; unused: readonly (readonly [string, string])[] } {
  const value: Record<string, unknown> = {};
  const findings: Finding[] = [];
  const unused: (readonly [string, string])[] = [];
  for (const [option, name] of Object.entries(fromEnvironment)) {
    const found = environment.lookup(name);
    if (option in expanded) {
      if (found.kind !== 'none' && !String(written[option]).includes(name)) unused.push([option, name]);
    } else if (found.kind === 'value') value[option] = found.value;
    else if (found.kind === 'fault') findings.push({ at: [option], message: found.message });
  }
  return { value, findings, unused };
}

function keyFindings({ key }: Readonly<Record<string, unknown>>): readonly Finding[] {
  if (typeof key !== 'string' || key === '') return [];
  try {
    parseMasterKey(key);
    return [];
  } catch (error) {
    if (!(error instanceof KeyMalformed)) throw error;
    return [{ at: ['key'], message: error.message }];
  }
}

/** Whether what is wrong at `inner` may be why `outer` seems wrong: a list is empty because its entry is not set. */
export const holds = (outer: ConfigPath, inner: ConfigPath): boolean => outer.every((step, i) => step === inner[i]);

export function toFault({ at, message }: Finding, yaml: ParsedYaml): Fault {
  const line = yaml.lineOf(at);
  return { path: dotted(at), message, ...(line === undefined ? {} : { line }) };
}

/** Started from any folder, the service and the command line mean the same files. */
function absolute(config: Config, folder: string): Config {
  const from = (path: string): string => resolve(folder, path);
  const trusting = <T extends { readonly caFile?: string | undefined }>(one: T): T =>
    one.caFile ? { ...one, caFile: from(one.caFile) } : one;
  const { tripwire } = config;
  return {
    ...config,
    dataDir: from(config.dataDir),
    ...(config.operatorsFile ? { operatorsFile: from(config.operatorsFile) } : {}),
    gateways: Object.fromEntries(Object.entries(config.gateways).map(([name, gateway]) => [name, trusting(gateway)])),
    ...(tripwire ? { tripwire: { ...tripwire, litellm: tripwire.litellm.map(trusting) } } : {}),
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
