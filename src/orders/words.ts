/** What a word of a text message asks for. */
export type Verb = 'sever' | 'restore' | 'status' | 'help';

/** Which way to the models the gateway is to take. */
export type Wish = 'fallback' | 'primary';

const setOf = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/**
 * What providers take for an opt-out when it is the whole message (Twilio, "Support for opt-out keywords"). Nothing
 * can be texted back until START, so none of them is ever asked for.
 */
export const optOutWords = setOf('STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT');

const optInWords = setOf('START YES UNSTOP');
/** Whether providers take the whole message for an opt-in: texts are delivered again. */
export const isOptIn = (text: string): boolean => optInWords.has(text.replace(/[^A-Za-z]/g, '').toUpperCase());

/** All whole messages that providers keep for themselves: no reply asks for one of them, or is one. */
export const reservedWords = new Set([...optOutWords, ...optInWords, ...setOf('HELP INFO')]);

const severWords = setOf('STOP STOPALL CUT SEVER KILL');
const otherVerbs: ReadonlyMap<string, Verb> = new Map([
  ['RESTORE', 'restore'],
  ['STATUS', 'status'],
  ['HELP', 'help'],
  ['INFO', 'help'],
  // Opt-in words give no orders: their sender is shown the ones that do.
  ['START', 'help'],
  ['UNSTOP', 'help'],
  ['YES', 'help'],
]);

/** Orders where no other is given, and else names like any. */
export const wishWords: ReadonlyMap<string, Wish> = new Map([
  ['FALLBACK', 'fallback'],
  ['PRIMARY', 'primary'],
]);

/** Say nothing, in any order. */
export const fillers = setOf('A AND ASAP CODE IS IT MY NOW OTP PIN PLEASE PLS PLZ PULLCORD SCOPE THE WITH');

/** Say nothing more than "stop" does: beside a sever word they are no scope's name. */
export const severFillers = setOf(
  'AGENT AI ALL AWAY BOT DOWN EMERGENCY EVERYTHING FAST IMMEDIATELY OFF QUICK RIGHT SWITCH THAT THING THIS',
);

/** A key that sticks, or a finger that stays on it: STOOOP, CUTT. */
const withoutRepeats = (word: string): string => word.replace(/(.)\1+/gu, '$1');
const stuckSeverWords = new Set([...severWords].map(withoutRepeats));

/** @param word in upper case, as all of this file. */
export function verbOf(word: string): Verb | undefined {
  if (stuckSeverWords.has(withoutRepeats(word))) return 'sever';
  return otherVerbs.get(word);
}

/** Takes a sever word off what was typed without a space: STOPAGENT is STOP and AGENT, if `known` knows AGENT. */
export function unglue(word: string, known: (rest: string) => boolean): readonly string[] {
  for (const verb of severWords) {
    const rest = word.slice(verb.length);
    if (word.startsWith(verb) && (fillers.has(rest) || severFillers.has(rest) || known(rest))) return [verb, rest];
  }
  return [word];
}
