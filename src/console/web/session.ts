import type { SessionAnswer, SignInWaysAnswer } from '../../intake/http/session-schema';
import { ask, onSessionEnd, type Reply } from './api';
import { createStore } from './store';

/**
 * Who is signed in. `unknown`: Pullcord could not be asked; the button is there all the same, and nothing else is.
 */
export type Signed =
  | { readonly kind: 'asking' | 'unknown' }
  | { readonly kind: 'out'; readonly ended: boolean }
  | { readonly kind: 'in'; readonly session: SessionAnswer };

export const signed = createStore<Signed>({ kind: 'asking' });

const SCOPES = 'pullcord.scopes';
const OPERATOR = 'pullcord.operator';

onSessionEnd(() => out(signed.get().kind === 'in'));

function out(ended: boolean): void {
  forget(SCOPES);
  signed.set({ kind: 'out', ended });
}

function took(reply: Reply<SessionAnswer>): void {
  if (reply.kind === 'ok') {
    keep(OPERATOR, reply.body.operator ?? '');
    signed.set({ kind: 'in', session: reply.body });
  } else if (reply.kind === 'problem' && reply.status < 500) out(signed.get().kind === 'in');
  else if (!lasts(signed.get())) signed.set({ kind: 'unknown' });
}

/** A session that Pullcord does not end is over by its own time. */
function lasts(who: Signed): boolean {
  return who.kind === 'in' && Date.parse(who.session.until) > Date.now();
}

export async function refreshSession(): Promise<void> {
  took(await ask<SessionAnswer>('/console/session'));
}

/** @returns why not; undefined: signed in. */
export async function signIn(operator: string, code: string): Promise<string | undefined> {
  const reply = await ask<SessionAnswer>('/console/session', { method: 'POST', body: { operator, code } });
  if (reply.kind !== 'ok') return reply.detail;
  took(reply);
  return undefined;
}

export async function signOut(): Promise<string | undefined> {
  const reply = await ask('/console/session', { method: 'DELETE' });
  if (reply.kind === 'silent') return reply.detail;
  out(false);
  return undefined;
}

export const signInWays = (): Promise<Reply<SignInWaysAnswer>> => ask<SignInWaysAnswer>('/console/ways');

/** The names of the scopes, for a button without a signal; gone with the session. */
export const knownScopes = {
  get: (): readonly string[] => kept(SCOPES).split('\n').filter(Boolean),
  set: (names: readonly string[]): void => keep(SCOPES, names.join('\n')),
};

/** Who signed in last on this device: fills in the field. */
export const lastOperator = (): string => kept(OPERATOR);

function kept(key: string): string {
  try {
    return localStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {}
}

function forget(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {}
}
