/**
 * The closed list of reasons for which Pullcord refuses. A reason is at the same time the label in logs and the
 * ledger, the `type` of a problem document, and the key of the reply.
 */
interface Reason {
  /** HTTP status of the internal API's answer. */
  readonly status: number;
  /** What happened, and what to do now. At most 120 ASCII characters: it has to fit into a text message. */
  readonly advice: string;
}

const table = {
  'bad-signature': {
    status: 403,
    advice: 'The signature is wrong. Check the auth token, and that the configured URL is what the provider calls.',
  },
  'bad-request': { status: 400, advice: 'The request is malformed. Correct the named fields and send it again.' },
  'too-large': { status: 413, advice: 'The request is larger than 16 KiB.' },
  'headers-too-large': { status: 431, advice: 'The headers of the request are larger than 8 KiB. Send fewer.' },
  'too-slow': { status: 408, advice: 'The request did not arrive in time. Send it in one go.' },
  'wrong-account': { status: 403, advice: 'The message belongs to another account. Check sms.twilio.accountSid.' },
  'wrong-number': {
    status: 403,
    advice: 'The message was sent to a number that is not configured. Check sms.twilio.numbers.',
  },
  'unknown-sender': { status: 403, advice: 'The sender is not an operator.' },
  'not-understood': {
    status: 400,
    advice: 'Not understood. Text: STOP code, RESTORE code or STATUS. A scope may follow the word.',
  },
  'unknown-scope': { status: 404, advice: 'No such scope.' },
  'code-missing': { status: 401, advice: 'A code is needed: add the 6 digits that your app shows.' },
  'bare-stop': { status: 401, advice: 'STOP came without a code. Text START, then CUT and your 6 digits.' },
  'code-wrong': { status: 401, advice: 'Wrong code. Wait for the next 6 digits and text again.' },
  'code-used': { status: 401, advice: 'This code was used already. Wait for the next 6 digits and text again.' },
  'code-locked': {
    status: 429,
    advice: 'Too many wrong codes. Use a printed backup code to stop; restore is locked for a while.',
  },
  'clock-in-doubt': {
    status: 503,
    advice: 'The clock went back: codes cannot be trusted. Mend the clock. A backup code still stops.',
  },
  'no-right': { status: 403, advice: 'You have no right to do this.' },
  'token-wrong': { status: 401, advice: 'The bearer token is missing or not one of api.tokens.' },
  'session-ended': { status: 401, advice: 'You are not signed in any more. Sign in again.' },
  'cross-site': {
    status: 403,
    advice: 'This did not come from the console page itself. Open it at its own address, and do it there.',
  },
  'openid-away': { status: 503, advice: 'The identity provider does not answer. Sign in with an operator and a code.' },
  'openid-unproven': { status: 403, advice: 'The identity provider did not show who you are. Try again.' },
  'openid-no-role': {
    status: 403,
    advice: 'None of your roles gives a right here. Ask whoever runs Pullcord (console.openid.roles).',
  },
  'not-restorable-by-session': {
    status: 403,
    advice: 'Being signed in does not restore: send an operator and a fresh one-time password.',
  },
  'not-restorable-by-token': {
    status: 403,
    advice: 'A token cannot restore: send an operator and a fresh one-time password.',
  },
  'not-restorable-by-tripwire': {
    status: 403,
    advice: 'The tripwire only stops. An operator restores, with a fresh one-time password.',
  },
  'second-operator-same': { status: 409, advice: 'A second, different operator has to confirm this restore.' },
  'nothing-to-restore': { status: 409, advice: 'Nothing is severed there.' },
  'no-fallback': { status: 404, advice: 'There is no such fallback. See fallbacks in the configuration.' },
  'fallback-forbidden': {
    status: 409,
    advice: 'The fallback is forbidden while a scope that holds it is severed. RESTORE that first.',
  },
  'ledger-unavailable': {
    status: 503,
    advice: 'The ledger does not answer. STOP works; RESTORE refuses until it is back.',
  },
  'too-many-requests': { status: 429, advice: 'Too many requests. Try again in a minute.' },
  'too-many-listeners': {
    status: 503,
    advice: 'Too many look on live already. Close other windows, or ask for /api/v1/status now and then.',
  },
  'too-many-subscriptions': {
    status: 409,
    advice: 'There are 50 subscriptions, the most there may be. Delete those that nobody needs, then ask again.',
  },
  'key-reused': {
    status: 422,
    advice: 'This idempotency key belongs to another order. Take a new key for a new order.',
  },
  'wrong-method': { status: 405, advice: 'This path does not take that method. See the Allow header.' },
  'wrong-media-type': { status: 415, advice: 'Send the body as application/json, not compressed.' },
  'internal-error': {
    status: 500,
    advice: 'Something failed inside; the log says what, under the request id. If it is urgent, text CUT and a code.',
  },
  'not-now': { status: 409, advice: 'Something else is under way that comes first. Ask again when it is over.' },
  'not-found': { status: 404, advice: 'There is no such thing here.' },
} as const satisfies Record<string, Reason>;

export type RefusalReason = keyof typeof table;

export const reasons: Readonly<Record<RefusalReason, Reason>> = table;

/** A refusal, as a value: refusing is an everyday outcome, not an exception. */
export interface Refusal {
  readonly refused: RefusalReason;
  /** One more fact for the person, without a secret: the names of the scopes, minutes until unlocked. */
  readonly detail?: string;
}
