import type { Claim } from '../cutters/litellm/claims';
import { momentOf } from '../tripwire/scrape/key-row';
import type { Finding } from './finding';
import { clockTime } from './words';

/** What LiteLLM tells of one key (`info` of `GET /key/info`), as far as it is read here. */
export interface KeyInfo {
  readonly blocked: boolean;
  /** US dollars since the budget began anew. */
  readonly spend?: number;
  readonly maxUsd?: number;
  /** Epoch, in milliseconds. */
  readonly resetsAt?: number;
  readonly expiresAt?: number;
  /** Empty: all. */
  readonly models: readonly string[];
  readonly alias?: string;
  readonly team?: string;
}

export function keyInfoOf(info: Readonly<Record<string, unknown>>): KeyInfo {
  const number = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  const found = {
    ...{ spend: number(info.spend), maxUsd: number(info.max_budget) },
    ...{ resetsAt: momentOf(info.budget_reset_at), expiresAt: momentOf(info.expires) },
    ...{ alias: text(info.key_alias), team: text(info.team_id) },
  };
  return {
    blocked: info.blocked === true,
    models: Array.isArray(info.models) ? info.models.filter((model) => typeof model === 'string') : [],
    ...Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)),
  };
}

export interface KeyAbout {
  /** Which LiteLLM. */
  readonly name: string;
  /** `key 1a2b3c4d`, or its alias. */
  readonly key: string;
  /** Whose the block is; undefined: it could not be read. */
  readonly claim: Claim | undefined;
  /** Scopes by which Pullcord holds the key. */
  readonly scopes: readonly string[];
  readonly now: number;
}

/** Whether LiteLLM refuses a key, and why. Pure. The first reason that holds is told. */
export function judgeKey(info: KeyInfo, about: KeyAbout): Finding {
  const { name, key, now } = about;
  const { spend, maxUsd, resetsAt, expiresAt, models, alias, team } = info;
  const base = { layer: 'litellm', name } as const;
  const evidence = {
    evidence: {
      ...{ blocked: info.blocked, ...(alias === undefined ? {} : { alias }), ...(team === undefined ? {} : { team }) },
      ...(spend === undefined ? {} : { spendUsd: spend }),
      ...(maxUsd === undefined ? {} : { maxUsd }),
      ...(resetsAt === undefined ? {} : { resetsAt: iso(resetsAt) }),
      ...(expiresAt === undefined ? {} : { expiresAt: iso(expiresAt) }),
      ...(models.length > 0 ? { models } : {}),
    },
  };
  const refuses = (what: string, todo: string, more = {}): Finding => ({
    ...{ ...base, ...evidence, verdict: 'refuses', text: `${key}: ${what}.` },
    ...{ answer: `LiteLLM (${name}) refuses ${key}: ${what}`, todo, ...more },
  });
  if (info.blocked) return blockedBy(about, refuses);
  if (expiresAt !== undefined && expiresAt <= now)
    return refuses(`it expired at ${clockTime(expiresAt, now)}`, 'Give it a later end, or make a new one, in LiteLLM.');
  if (spend !== undefined && maxUsd !== undefined && spend >= maxUsd) {
    const anew = resetsAt === undefined ? '' : ` It begins anew at ${clockTime(resetsAt, now)}.`;
    return refuses(
      `its budget is used up (${usd(spend)} of ${usd(maxUsd)})`,
      `Raise its max_budget in LiteLLM.${anew}`,
    );
  }
  const only = models.length > 0 ? ` It may use these models alone: ${models.slice(0, 10).join(', ')}.` : '';
  const teams = team === undefined ? '' : ` What its team ${team} may was not asked.`;
  return {
    ...base,
    ...evidence,
    verdict: 'passes',
    text: `${key} is neither blocked, expired nor over its budget.${only}${teams}`,
  };
}

function blockedBy(
  { claim, scopes }: KeyAbout,
  refuses: (what: string, todo: string, more?: object) => Finding,
): Finding {
  const back = scopes.length > 0 ? `RESTORE ${scopes.join(' or ')} and a fresh code` : 'a RESTORE';
  switch (claim) {
    case 'ours':
      return refuses('it is blocked, by Pullcord', `${capital(back)} unblocks it.`, { cut: true });
    case 'none':
      return refuses(
        'it is blocked, and not by Pullcord',
        'Somebody else blocked it: unblock it in LiteLLM (POST /key/unblock). Pullcord never does.',
      );
    case 'doubtful':
      return refuses(
        'it is blocked; whether by Pullcord or by somebody else cannot be shown',
        'If it is to work, unblock it in LiteLLM (POST /key/unblock): Pullcord leaves alone what it cannot show to be its own.',
      );
    default:
      return refuses(
        'it is blocked; whether by Pullcord could not be read',
        `When the ledger answers, ask again. If it is Pullcord's, ${back} unblocks it.`,
      );
  }
}

const iso = (at: number): string => new Date(at).toISOString();
const usd = (amount: number): string => `$${amount.toFixed(2)}`;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
