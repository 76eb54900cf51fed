import { explain, type Verdict } from './explain';
import { type Finding, layers } from './finding';
import { createKeyAsker } from './litellm';
import { ofKey } from './of-key';
import { ofPath } from './of-path';
import { ofRequest } from './of-request';
import { ofScope } from './of-scope';
import type { Parts } from './parts';
import { type NoSubject, type Subject, type SubjectKind, shown, subjectOf } from './subject';

export type { Paper } from './ledger';
export type { SubjectKind } from './subject';

export interface Explanation extends Verdict {
  /** As it was asked; of a key, its hash. */
  readonly subject: string;
  readonly kind: SubjectKind;
  readonly findings: readonly Finding[];
}

export interface Why {
  /**
   * Who refuses what this text names, and what would change it. Changes nothing, generates nothing, and is bounded in
   * time. Never throws for a part that fails.
   */
  ask(text: string, as?: SubjectKind): Promise<Explanation | NoSubject | 'busy'>;
}

export interface WhyOptions extends Omit<Parts, 'limitMs' | 'keys'> {
  /** Of each layer. Milliseconds. */
  readonly limitMs?: number;
}

const LIMIT_MS = 3_500;
/** Each asks every gateway: nobody may make Pullcord flood them. */
const AT_ONCE = 4;

export function createWhy({ limitMs = LIMIT_MS, ...options }: WhyOptions): Why {
  const { config } = options;
  const known = { scopes: Object.keys(config.scopes), keys: Object.keys(config.tripwire?.keys ?? {}) };
  const parts: Parts = { ...options, limitMs, keys: createKeyAsker({ ...options, limitMs }) };
  let under = 0;

  function findings(subject: Subject): Promise<readonly Finding[]> {
    switch (subject.kind) {
      case 'path':
        return ofPath(parts, subject.asked);
      case 'scope':
        return ofScope(parts, subject.scope);
      case 'key':
        return ofKey(parts, subject);
      case 'request':
        return ofRequest(parts, subject.id);
    }
  }

  return {
    async ask(text, as) {
      const subject = subjectOf(text, known, as);
      if ('fault' in subject) return subject;
      if (under >= AT_ONCE) return 'busy';
      under += 1;
      try {
        const found = [...(await findings(subject))].sort((a, b) => layers.indexOf(a.layer) - layers.indexOf(b.layer));
        return { subject: shown(subject), kind: subject.kind, ...explain(subject.kind, found), findings: found };
      } finally {
        under -= 1;
      }
    },
  };
}
