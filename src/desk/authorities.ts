import type { Spool } from '../ledger/spool';
import type { OperatorUse, State } from '../ledger/store';
import type { Operator } from '../operators/operator';
import type { Proof } from '../orders/desk';
import type { OrderRequest } from '../orders/order';
import { type AuthoriseOptions, type Authority, authorise, type Spending } from './authorise';
import { authoriseDrill, concernsDrill } from './authorise-drill';
import { Doubt } from './doubt';

export interface AuthoritiesOptions extends AuthoriseOptions {
  readonly spool: Pick<Spool, 'all'>;
  /** The operator of the drill that is under way, if one is. Left out: there are no drills. */
  readonly drillOperator?: (() => Operator | undefined) | undefined;
}

export interface Asked extends Pick<OrderRequest, 'key' | 'scope'> {
  readonly action: Spending;
}

/**
 * Who may, for all that takes a code: the ledger's word, and beside it what codes were used for without the ledger, or
 * are being used for just now. A code is spent once, whatever for (RFC 6238, 5.2).
 */
export class Authorities {
  private readonly doubt = new Doubt();

  constructor(private readonly options: AuthoritiesOptions) {}

  /** @param known what the ledger says. @param now epoch, in milliseconds. */
  of(known: State | undefined, asked: Asked, proof: Proof, now: number): Authority {
    const { config, operators, drillOperator, spool } = this.options;
    const state = this.doubt.upon(known, spool.all(), asked.key);
    if (concernsDrill(asked, proof)) return authoriseDrill(drillOperator?.(), state, asked, proof, now);
    return authorise({ operators, config }, state, asked.action, proof, now);
  }

  /** For what is about to be written down: in the line behind it the same code may wait, and is spent from here on. */
  take(known: State, asked: Asked, proof: Proof, now: number): Authority {
    const authority = this.of(known, asked, proof, now);
    if (authority.kind === 'granted' && authority.use) this.doubt.begin(asked.key, authority.use);
    return authority;
  }

  /** What was taken is in the ledger, or noted, or came to nothing. */
  end(key: string): void {
    this.doubt.end(key);
  }

  /** A code was used without the ledger. */
  note(use: OperatorUse): void {
    this.doubt.note(use);
  }
}
