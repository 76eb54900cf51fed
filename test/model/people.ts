import { createHash } from 'node:crypto';
import { generateSync } from 'otplib';
import { type Config, type ConfigInput, configSchema } from '../../src/config/schema';
import type { Operator } from '../../src/operators/operator';
import { testOperators } from '../support/desk';
import { ACCOUNT, NUMBER, TOKEN } from '../support/sms-door';
import { PERIOD_MS } from './model';

export type Name = 'alice' | 'bob' | 'carol';
/** Carol may stop, and not restore. */
const rights = { alice: ['stop', 'restore', 'status'], bob: ['stop', 'restore', 'status'], carol: ['stop'] } as const;
export const names = Object.keys(rights) as readonly Name[];
export const phoneOf = (name: Name | 'stranger'): string =>
  `+1555010000${name === 'stranger' ? 9 : names.indexOf(name) + 1}`;

export const people: readonly Operator[] = names.map((name, i) => ({
  ...{ name, phones: [phoneOf(name)], rights: rights[name] },
  totpSecret: `JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PX${'ABC'[i]}`,
  backupCodes: [1, 2].map((n) => ({ id: `${name}-${n}`, mac: backupOf(name, n) })),
}));
export const operators = testOperators(people);
export const restores = (name: Name): boolean => name !== 'carol';

/** The mac of a test's backup code is the code itself. */
export function backupOf(name: Name, n: number): string {
  return `${names.indexOf(name) + 7}${n}`.repeat(6);
}

const codes = new Map<string, string>();
/** What this person's app shows in a time step. */
export function codeAt(name: Name, step: number): string {
  const key = `${name} ${step}`;
  const known = codes.get(key);
  if (known !== undefined) return known;
  const secret = people.find((operator) => operator.name === name)?.totpSecret ?? '';
  const code = generateSync({ secret, epoch: (step * PERIOD_MS) / 1000 });
  codes.set(key, code);
  return code;
}

export const tokens = { stopper: ['stop', 'status'], reader: ['status'], relayer: ['relay'] } as const;
export type TokenName = keyof typeof tokens;

export const RELAYED_URL = 'https://n8n.example.org/webhook/sms';
export const scopeNames = ['agent', 'llm'] as const;
export type ScopeName = (typeof scopeNames)[number];

/** `llm` is a part of `agent`; one route belongs to neither. */
const scopes: ConfigInput['scopes'] = {
  agent: { routes: [{ all: true }], except: [{ id: 'public' }] },
  llm: { routes: [{ id: 'llm' }] },
};

export interface Settings {
  readonly operators: 1 | 2;
  readonly method: 'auto' | 'clamp' | 'rewrite';
  /** By gateway: how many nodes it has. */
  readonly nodes: readonly number[];
}

export const configFor = ({ operators: count, method, nodes }: Settings): Config =>
  configSchema.parse({
    ...{ publicUrl: 'https://pullcord.example.org', key: '5a'.repeat(32), scopes },
    gateways: Object.fromEntries(
      nodes.map((_, i) => [
        `gw${i}`,
        {
          ...{ adminUrl: 'http://127.0.0.1:1', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:2'] },
          ...{ method, probeConnections: 2 },
        },
      ]),
    ),
    restore: { operators: count },
    throttle: { restoreFailures: 3, stopFailures: 6, overallFailures: 8, windowSeconds: 3_600 },
    api: {
      tokens: Object.entries(tokens).map(([name, rights]) => ({
        ...{ name, rights: [...rights], sha256: createHash('sha256').update(name).digest('hex') },
      })),
    },
    sms: { twilio: { accountSid: ACCOUNT, authTokens: [TOKEN], numbers: [NUMBER], relayUrls: [RELAYED_URL] } },
  } satisfies ConfigInput);
