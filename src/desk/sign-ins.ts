import type { Logger } from 'pino';
import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import { bounded } from '../ledger/bounded';
import { type Change, type Entry, type OperatorUse, type State, type Store, StoreUnavailable } from '../ledger/store';
import type { Refusal, RefusalReason } from '../orders/reasons';
import type { Authority } from './authorise';
import type { Asked } from './authorities';
import type { OrderDesk } from './desk';
import { joined } from './doubt';
import type { NotedFile } from './noted-file';

export interface SignInsOptions {
  readonly config: Pick<Config, 'bounds'>;
  readonly store: Pick<Store, 'commit' | 'mirror'>;
  readonly desk: Pick<OrderDesk, 'authorities' | 'note' | 'refused' | 'tellRefused'>;
  readonly noted: NotedFile;
  readonly alarm: (key: string, text: string) => void;
  readonly logger: Logger;
  readonly now: Clock;
  readonly randomId: () => string;
}

export interface SignIn {
  readonly operator: string;
  readonly code: string;
  readonly correlation: string;
}

/** So many lines wait for a ledger that is away. */
const UNWRITTEN_KEPT = 100;

/**
 * An operator's code is spent on signing in, in one write with its line: it restores nothing afterwards (law 3).
 *
 * Fails as a STOP does (law 4): when the ledger does not answer within its bound, the code is checked upon what is
 * known, spent in memory and in a file, and written down when the ledger is back. Whoever is signed in can stop by then; a restore is
 * refused by itself.
 */
export class SignIns {
  /** What codes were used for without the ledger, by operator. */
  private readonly uses = new Map<string, OperatorUse>();
  private unwritten: readonly Entry[] = [];

  constructor(private readonly options: SignInsOptions) {
    const { uses, entries } = options.noted.read();
    this.unwritten = entries;
    for (const use of uses) {
      this.uses.set(use.operator, use);
      options.desk.authorities.note(use);
    }
  }

  /** Names the operator, whose code is spent then; a stranger is told nothing else than a wrong code. */
  async byCode(signIn: SignIn): Promise<{ readonly name: string } | Refusal> {
    const { desk, randomId } = this.options;
    const asked: Asked = { key: `console:sign-in:${randomId()}`, action: 'sign-in', scope: '' };
    try {
      const authority = await this.authorityOf(asked, signIn);
      return authority.kind === 'granted' ? { name: authority.by } : this.refuse(authority, signIn);
    } finally {
      desk.authorities.end(asked.key);
    }
  }

  /** Somebody came by the identity provider, or left: for paper. */
  note(data: Readonly<Record<string, unknown>>): void {
    this.options.desk.note({ kind: 'session', data });
  }

  /** Puts what happened without the ledger into it. Called when the ledger answers. @throws StoreUnavailable */
  async recordNoted(): Promise<void> {
    const uses = [...this.uses.values()];
    const entries = this.unwritten;
    if (entries.length === 0) return;
    await this.options.store.commit((state) => ({
      entries,
      operators: uses.map((use) => joined(state.operators.get(use.operator), use)),
    }));
    this.unwritten = this.unwritten.filter((entry) => !entries.includes(entry));
    for (const use of uses) if (this.uses.get(use.operator) === use) this.uses.delete(use.operator);
    this.save();
  }

  private async authorityOf(asked: Asked, signIn: SignIn): Promise<Authority> {
    const { store, desk, config, logger, now } = this.options;
    const proof = { kind: 'operator', operator: signIn.operator, code: signIn.code } as const;
    let authority: Authority | undefined;
    let givenUp = false;
    const decide = (state: State): Change | undefined => {
      if (givenUp) return undefined;
      authority = desk.authorities.take(state, asked, proof, now());
      const { use } = authority;
      return use && { entries: [entryOf(authority, signIn)], operators: [use] };
    };
    try {
      await bounded(store.commit(decide), config.bounds.ledgerMs, 'the ledger');
    } catch (error) {
      givenUp = true;
      if (!(error instanceof StoreUnavailable)) throw error;
      logger.error(
        { err: error, correlation: signIn.correlation },
        'the ledger is away: signing in goes on without it',
      );
      authority = desk.authorities.of(store.mirror(), asked, proof, now());
      if (authority.use) this.keep(authority.use, entryOf(authority, signIn));
    }
    if (!authority) throw new Error('the store committed without asking for a decision');
    return authority;
  }

  private keep(use: OperatorUse, entry: Entry): void {
    this.options.desk.authorities.note(use);
    this.uses.set(use.operator, joined(this.uses.get(use.operator), use));
    this.unwritten = [...this.unwritten, entry].slice(-UNWRITTEN_KEPT);
    this.save();
  }

  private save(): void {
    this.options.noted.write({ uses: [...this.uses.values()], entries: this.unwritten });
  }

  private refuse(authority: Extract<Authority, { kind: 'refused' }>, signIn: SignIn): Refusal {
    const { desk, alarm, logger } = this.options;
    const { refused, detail, use } = authority;
    const { reason: _, ...data } = entryOf(authority, signIn).data;
    logger.warn({ correlation: signIn.correlation, reason: refused }, 'signing in refused');
    // What counts is written one by one, and there are only so many of them; all others are counted.
    if (use) desk.tellRefused(refused, data);
    else desk.refused(refused, data);
    const told = alarms[refused];
    if (told) alarm(...told);
    // Who has no right to anything is a stranger, too; nobody learns from the answer which names there are.
    if (refused === 'unknown-sender' || refused === 'no-right') return { refused: 'code-wrong' };
    return { refused, ...(detail === undefined ? {} : { detail }) };
  }
}

const alarms: { readonly [R in RefusalReason]?: readonly [key: string, text: string] } = {
  'code-locked': ['code-locked', 'Too many wrong codes: somebody is guessing, or a clock is off.'],
  'clock-in-doubt': ['clock', 'The clock went back: codes cannot be trusted.'],
};

function entryOf(authority: Authority, { correlation }: SignIn): Entry {
  const { by } = authority;
  const about = { source: 'console', ...(by === undefined ? {} : { by }), correlation };
  if (authority.kind === 'granted') return { kind: 'session', data: { what: 'signed in', how: 'code', ...about } };
  return { kind: 'refusal', data: { action: 'sign-in', ...about, reason: authority.refused } };
}
