import { good } from '../http';
import type { Installation } from '../installation';

/** A STOP comes out of the blue: what the order before left to be done is over. Milliseconds. */
export const CALM_MS = 100;

/** Milliseconds of one STOP. */
export interface Stopped {
  readonly refused: number;
  /** Until the text that says so was answered. */
  readonly verified: number;
  /** Of `refused`: until the gateway's Admin API got the write, and until that stood in etcd. */
  readonly arrived: number;
  readonly stored: number;
}

export async function stop(installation: Installation): Promise<Stopped> {
  const { lookout, gateway } = installation;
  await lookout.until('served');
  const refusedAt = lookout.until('refused');
  const { at, answer } = await installation.text('STOP');
  const [refused, { text, at: verified }] = await Promise.all([refusedAt, good(answer)]);
  if (!text.includes('SEVERED')) throw new Error(`STOP was answered ${text}`);
  const { arrived, stored } = await gateway.call('stamps');
  return { refused: refused - at, verified: verified - at, arrived: arrived - at, stored: stored - at };
}

/** Milliseconds until it was served again. */
export async function restore(installation: Installation): Promise<number> {
  const servedAt = installation.lookout.until('served');
  const { at, answer } = await installation.text('RESTORE');
  const [served, { text }] = await Promise.all([servedAt, good(answer)]);
  if (!text.includes('RESTORED')) throw new Error(`RESTORE was answered ${text}`);
  return served - at;
}

/** Milliseconds until the text was answered that says so; without asking the gateway on our own. */
export async function tell(installation: Installation, word: 'STOP' | 'RESTORE'): Promise<number> {
  const { at, answer } = await installation.text(word);
  const { text, at: answered } = await good(answer);
  if (!text.includes(word === 'STOP' ? 'SEVERED' : 'RESTORED')) throw new Error(`${word} was answered ${text}`);
  return answered - at;
}
