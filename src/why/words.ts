import type { Latch } from '../latch/latch';
import type { Order, Source } from '../orders/order';

const DOORS: Readonly<Record<Source, string>> = {
  sms: 'SMS',
  api: 'API',
  console: 'console',
  tripwire: 'tripwire',
  drill: 'drill',
};

/** `02:13 UTC`, with the date when that is another day's. @param at epoch, in milliseconds */
export function clockTime(at: number, now: number): string {
  const [day = '', time = ''] = new Date(at).toISOString().split('T');
  const today = new Date(now).toISOString().startsWith(day);
  return `${today ? '' : `${day} `}${time.slice(0, 5)} UTC`;
}

/** `by ana (SMS, order 41, incident 41)`; without the order, what the latch itself says. */
export function whoOrdered({ order, incident }: Latch, made: Order | undefined): string {
  const opened = incident === undefined ? '' : `, incident ${incident}`;
  const number = order > 0 ? `order ${order}${opened}` : 'not recorded yet';
  if (!made) return `(${number}; by whom could not be read)`;
  const why = made.reason === undefined ? '' : `: "${made.reason}"`;
  return `by ${made.by} (${DOORS[made.source]}, ${number})${why}`;
}

/** What gives a severed scope back. */
export function giveBack({ scope, pending }: Latch): string {
  if (pending) return `A second operator has to send RESTORE ${scope} and a fresh code: ${pending.operator} did.`;
  return `RESTORE ${scope} and a fresh code gives it back, by text or by pullcord restore ${scope}.`;
}
