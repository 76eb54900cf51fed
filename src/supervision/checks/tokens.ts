import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { z } from 'zod';
import type { Config } from '../../config/schema';
import { momentOf } from '../../tripwire/scrape/key-row';
import { ask, type Came } from './ask';
import { about, type Finding } from './finding';

/** Keys of LiteLLM may be made for a day: what is not renewed three days before its end is not renewed by a machine. */
const WARNING_DAYS = 3;
const DAY_MS = 24 * 60 * 60 * 1000;
const TIMEOUT_MS = 4_000;

/** A key of LiteLLM that Pullcord itself uses. */
export interface HeldToken {
  /** `litellm litellm.example.org:4000 (metrics)`. */
  readonly name: string;
  readonly url: string;
  readonly key: string;
  readonly caFile: string | undefined;
}

/** Each key at each LiteLLM once. Twilio's, APISIX's and our own have no end. */
export function heldTokens({ tripwire, cutters }: Pick<Config, 'tripwire' | 'cutters'>): readonly HeldToken[] {
  const all = [
    ...(tripwire?.litellm ?? []).flatMap(({ url, token, database, caFile }) => [
      { use: 'metrics', url, key: token, caFile },
      { use: 'viewer', url, key: database?.viewerKey, caFile },
    ]),
    ...cutters.litellm.map(({ url, adminKey }) => ({ use: 'cutter', url, key: adminKey, caFile: undefined })),
  ];
  const held = new Map<string, HeldToken>();
  for (const { use, url, key, caFile } of all) {
    if (key === undefined) continue;
    const base = url.replace(/\/metrics\/*$/, '').replace(/\/+$/, '');
    const known = `${base} ${key}`;
    if (!held.has(known)) held.set(known, { name: `litellm ${new URL(base).host} (${use})`, url: base, key, caFile });
  }
  return [...held.values()];
}

/** Without a key in the query LiteLLM tells of the one that asks (`key_management_endpoints.py`, `info_key_fn`). */
export function seeToken({ url, key, caFile }: HeldToken): Promise<Came> {
  return ask(TIMEOUT_MS, {
    url: `${url}/key/info`,
    headers: { authorization: `Bearer ${key}` },
    ...(caFile === undefined ? {} : { httpsAgent: new Agent({ ca: readFileSync(caFile) }) }),
  });
}

const answerSchema = z.object({ info: z.object({ expires: z.string().nullish() }) });

/** Whether it is still taken is seen where it is used: the tripwire and the cutter tell of that. */
export function tokenFindings({ name }: Pick<HeldToken, 'name'>, came: Came, now: number): readonly Finding[] {
  const { ok, warning, quiet, fault } = about(`token ${name}`);
  if ('code' in came)
    return [
      quiet(`its end cannot be asked for (${came.code})`, 'See what is wrong with LiteLLM, or with the way to it.'),
    ];
  const parsed = answerSchema.safeParse(came.status === 200 ? came.data : undefined);
  // The master key is no row of its table, and without a database nothing is.
  if (!parsed.success) return [ok('LiteLLM tells no end of it')];
  const endsAt = momentOf(parsed.data.info.expires);
  if (endsAt === undefined) return [ok('has no end')];
  const day = new Date(endsAt).toISOString().slice(0, 16);
  const advice = 'Make a new one at LiteLLM (POST /key/generate), and put it into the configuration.';
  if (endsAt <= now) return [fault(`ended at ${day}`, advice)];
  if (endsAt - now < WARNING_DAYS * DAY_MS) return [warning(`ends at ${day}`, advice)];
  return [ok(`holds until ${day}`)];
}
