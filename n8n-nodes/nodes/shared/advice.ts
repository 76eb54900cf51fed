/** What a refusal of Pullcord means in a workflow. */
export interface Advice {
  readonly message: string;
  readonly description: string;
}

/** By Pullcord's reasons (src/orders/reasons.ts). What isn't here is told in Pullcord's own words. */
const table: Readonly<Record<string, Advice>> = {
  'token-wrong': {
    message: 'Pullcord does not know the token of this credential',
    description:
      'Make one with "pullcord token new": the token goes into the credential, its SHA-256 under api.tokens in pullcord.yaml.',
  },
  'too-many-requests': {
    message: 'Too many requests with a wrong token',
    description: 'Correct the token of the credential, and run again in a minute.',
  },
  'unknown-scope': {
    message: 'Pullcord has no such scope',
    description: 'Write one of those that pullcord.yaml names, or leave Scope empty for the default one.',
  },
  'unknown-sender': {
    message: 'Pullcord does not know this operator, or this phone number',
    description: 'Operators are added with "pullcord operator add".',
  },
  'code-missing': {
    message: 'The one-time password is missing',
    description: "Put the 6 digits that the operator's app shows into Code.",
  },
  'code-wrong': {
    message: 'The one-time password is wrong',
    description:
      'Let the operator read the 6 digits again, and start a new execution: a repetition sends the same ones.',
  },
  'code-used': {
    message: 'This one-time password was used before',
    description: 'Each works once. Let the operator wait for the next 6 digits, and start a new execution.',
  },
  'code-locked': {
    message: 'Too many wrong one-time passwords: restoring is locked for a while',
    description: 'Somebody is guessing, or a clock is off. Wait, then try once with fresh digits.',
  },
  'clock-in-doubt': {
    message: 'Pullcord does not trust its clock, and so no one-time password',
    description: 'Mend the clock of its host. Severing works meanwhile.',
  },
  'not-restorable-by-token': {
    message: 'A token can neither restore nor permit',
    description: 'Only a person can: give an operator and a fresh one-time password.',
  },
  'second-operator-same': {
    message: 'A second, different operator has to confirm this restore',
    description: 'Run Request Restore once more with the name and the code of somebody else.',
  },
  'no-fallback': {
    message: 'Pullcord has no such fallback',
    description: 'Write one of those that pullcord.yaml names under fallbacks; Get Fallbacks lists them.',
  },
  'fallback-forbidden': {
    message: 'This fallback is forbidden',
    description: 'A scope that holds it is severed, or pullcord.yaml says never. Nothing was gone over to.',
  },
  'nothing-to-restore': { message: 'Nothing is severed there', description: 'There is nothing to restore.' },
  'ledger-unavailable': {
    message: 'The ledger of Pullcord does not answer',
    description: 'Severing works without it; the rest has to wait until it is back.',
  },
  'key-reused': {
    message: 'This execution already sent another order under the same key',
    description: 'Start a new execution.',
  },
  'too-many-subscriptions': {
    message: 'Pullcord has as many subscriptions as it takes',
    description: 'Deactivate Pullcord Triggers that nobody needs, or delete their subscriptions.',
  },
  'not-now': {
    message: 'A drill cannot be run now',
    description: 'Nothing was rehearsed. Run it again later.',
  },
  'not-found': { message: 'Pullcord has no such thing', description: '' },
  'bad-request': { message: 'Pullcord does not take a parameter of this node', description: '' },
  'bad-signature': {
    message: "The message does not bear Twilio's signature",
    description:
      'Nothing was done. The Webhook node has to be called by Twilio itself, at the URL under sms.twilio.relayUrls, and the parameters have to come unchanged.',
  },
  'wrong-account': {
    message: 'The message belongs to another Twilio account',
    description: 'Nothing was done. See sms.twilio.accountSid in pullcord.yaml.',
  },
  'wrong-number': {
    message: 'The message was sent to a number that Pullcord does not have',
    description: 'Nothing was done. See sms.twilio.numbers in pullcord.yaml.',
  },
  'internal-error': {
    message: 'Something failed inside Pullcord',
    description: 'Its log says what. If it is urgent, text CUT and a code.',
  },
};

/** @param right what the request needs: without it, Pullcord refuses with `no-right`. */
export function adviceFor(reason: string, right: string | undefined): Advice | undefined {
  if (reason !== 'no-right') return Object.hasOwn(table, reason) ? table[reason] : undefined;
  if (right === undefined) return { message: 'This operator may not do that', description: '' };
  return {
    message: `The token of this credential lacks the right "${right}"`,
    description: `Add ${right} to its rights under api.tokens in pullcord.yaml, or use the credential of another token.`,
  };
}
