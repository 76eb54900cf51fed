import { type Config, defaultScope } from '../../config/schema';
import { scopeNames } from '../../config/scope-names';
import { standingText } from '../../fallback/texts';
import type { Desk } from '../../orders/desk';
import { DRILL_PHONE, DRILL_SCOPE, isRehearsal } from '../../orders/drill';
import { type ParsedMessage, parseMessage } from '../../orders/grammar';
import type { RefusalReason } from '../../orders/reasons';
import { isOptIn } from '../../orders/words';
import { createFallbackWishes, type FallbackDoor } from './fallback-wish';
import { createOrdering, type OrderingOptions, type Wish } from './ordering';
import { Recent } from './recent';
import type { Answer, Conversation, TextMessage } from './text-message';
import {
  alsoAlarm,
  helpText,
  notUnderstoodText,
  optedOutAlarm,
  refusalText,
  statusText,
  unknownScopeText,
} from './texts';

export interface ConversationOptions extends OrderingOptions {
  readonly config: Config;
  /** Where fallbacks are configured. */
  readonly fallbacks?: FallbackDoor | undefined;
}

type Operator = NonNullable<ReturnType<Desk['operatorOf']>>;
type Orderly = Extract<ParsedMessage, { readonly digits: number }>;
type Said = Exclude<ParsedMessage, { readonly kind: 'sever' | 'restore' | 'fallback' | 'primary' }>;

/** Of how many messages the answer is remembered, for when they are delivered again. */
const REMEMBERED = 500;

/**
 * Who is told what, whichever provider brings the message. Fails towards silence for strangers, towards a word of
 * help for operators, and towards "stop" for a stranger with a backup code.
 */
export function createConversation(options: ConversationOptions): Conversation {
  const { config, desk, alarm, logger, now } = options;
  const scopes = scopeNames(config);
  const order = createOrdering(options);
  const wish = createFallbackWishes(options);
  // Orders are known again by the ledger. This is for the rest: who captured a STATUS gets its old answer, no new one.
  const answers = new Recent<Answer>(REMEMBERED);
  const alarmed = new Recent<true>(REMEMBERED);
  /** Operators' numbers that can't be texted. Forgotten at a restart; then the provider's refusal (21610) shows it. */
  const optedOut = new Set<string>();

  return async (message) => {
    const operator = desk.operatorOf(message.from);
    // To people there is no such scope: a text about it is answered as one about any word that is none.
    const names = message.from === DRILL_PHONE ? [...scopes, DRILL_SCOPE] : scopes;
    const parsed = parseMessage(message.body, names);
    logger.info({ correlation: message.id, kind: parsed.kind, operator: operator?.name }, 'text message');
    const understood = parsed.kind;
    if (!operator) return { understood, ...(await answerStranger(message, parsed)) };

    const deaf = message.optOut || ('bare' in parsed && parsed.bare);
    if (deaf) optedOut.add(message.from);
    else if (isOptIn(message.body)) optedOut.delete(message.from);

    const answer = await answerOperator(message, parsed, operator);
    const { text, ...untold } = answer;
    if (text === undefined || !optedOut.has(message.from)) return { understood, ...answer };
    // The result of a STOP must not get lost because its sender can't be texted.
    alarmed.take(message.id, () => {
      alarm(`sms ${message.id}`, deaf ? optedOutAlarm(operator.name, text) : alsoAlarm(operator.name, text));
      return true;
    });
    return { understood, ...(deaf ? untold : answer) };
  };

  async function answerStranger(message: TextMessage, parsed: ParsedMessage): Promise<Answer> {
    if (severs(parsed) && parsed.backupCode !== undefined) {
      // A stranger is told of no mistake and can't mend a scope that there isn't: doubt stops.
      const scope = parsed.kind === 'sever' ? parsed.scope : undefined;
      return order(message, { ...wishOf(message, parsed, scope), action: 'sever', stranger: true });
    }
    desk.refused('unknown-sender', { door: message.door, correlation: message.id });
    return { refused: 'unknown-sender' };
  }

  async function answerOperator(message: TextMessage, parsed: ParsedMessage, operator: Operator): Promise<Answer> {
    if (parsed.kind === 'sever' || parsed.kind === 'restore')
      return order(message, { ...wishOf(message, parsed, parsed.scope), action: parsed.kind, stranger: false });
    if (parsed.kind === 'fallback' || parsed.kind === 'primary') {
      const code = parsed.code ?? parsed.backupCode;
      return wish(message, { wish: parsed.kind, digits: parsed.digits, ...given({ fallback: parsed.scope, code }) });
    }
    return answers.take(message.id, () => lineFor(message, parsed, operator));
  }

  function standings(): string[] {
    return (options.fallbacks?.all() ?? []).map((one) => standingText(one, now()));
  }

  function wishOf(
    { from }: TextMessage,
    parsed: Orderly,
    scope = defaultScope(config),
  ): Omit<Wish, 'action' | 'stranger'> {
    const code = parsed.code ?? parsed.backupCode;
    const { digits } = parsed;
    if (code !== undefined) return { scope, digits, proof: { kind: 'phone', phone: from, code } };
    // Where a bare STOP stops, so does one that names a scope, or whose digits are no code.
    const enough = parsed.bare || (config.sms.bareStop === 'sever' && severs(parsed));
    return { scope, digits, proof: { kind: 'phone', phone: from, ...(enough ? { bare: true } : {}) } };
  }

  function lineFor(message: TextMessage, parsed: Said, operator: Operator): Answer {
    const refuse = (refused: RefusalReason, text: string): Answer => {
      desk.refused(refused, { door: message.door, correlation: message.id, by: operator.name });
      return { text, refused };
    };
    switch (parsed.kind) {
      case 'help':
        return { text: helpText(scopes) };
      case 'status':
        if (operator.rights.includes('status')) {
          const latches = desk.latches().filter(({ scope }) => !isRehearsal(scope));
          return { text: statusText(latches, now(), standings()) };
        }
        return refuse('no-right', refusalText({ refused: 'no-right' }));
      case 'unknown-scope':
        return refuse('unknown-scope', unknownScopeText(parsed.word, scopes));
      case 'not-understood':
        return refuse('not-understood', notUnderstoodText());
    }
  }
}

/** Without what isn't there. */
const given = ({ fallback, code }: { fallback: string | undefined; code: string | undefined }) => ({
  ...(fallback === undefined ? {} : { fallback }),
  ...(code === undefined ? {} : { code }),
});

type Sever = Orderly & ({ readonly kind: 'sever' } | { readonly kind: 'unknown-scope' });
const severs = (parsed: ParsedMessage): parsed is Sever =>
  parsed.kind === 'sever' || (parsed.kind === 'unknown-scope' && parsed.verb === 'sever');
