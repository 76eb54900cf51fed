import type { Clock } from '../clock';
import { type Channel, isUrgent, type Notice, type NoticeKind, type Told } from './channel';
import { MAX_TEXT } from './segment';

const HOUR_MS = 3_600_000;

/** Texts that nobody asked for, for each number within an hour: a phone that never stops is switched off. */
const PER_HOUR = 5;

/** What is worth a text: not each step of an order, for who ordered it gets a reply anyway. */
const worthy: ReadonlySet<NoticeKind> = new Set<NoticeKind>([
  ...(['trouble', 'alarm', 'cleared', 'tripped', 'trip-settled', 'would-trip', 'warned'] as const),
]);

/**
 * A drill that failed is an alarm; one that passed, or that something else came before, is for reports. Of fallbacks, what
 * changes where requests go or asks for it: whoever may say PRIMARY again and again must not use up the texts of all.
 */
function isWorthy({ kind, drill, fallback }: Notice): boolean {
  if (kind === 'drill') return drill?.state === 'failed' && drill.brokenOff === undefined;
  if (kind !== 'fallback') return worthy.has(kind);
  return fallback?.state !== 'primary' || fallback.before === 'asked' || fallback.before === 'fallback';
}

const unsure = { ok: false, retry: true } as const;

export interface SmsOptions {
  readonly sender: {
    /** @param to E.164. */
    send(to: string, body: string): Promise<{ readonly ok: true } | { readonly ok: false; readonly retry: boolean }>;
  };
  readonly operators: { all(): readonly { readonly phones: readonly string[] }[] };
  readonly now: Clock;
}

/** Texts every operator, at the first of their numbers. */
export function createSms({ sender, operators, now }: SmsOptions): Channel {
  const sent = new Map<string, number[]>();
  const progress = new WeakMap<Notice, { readonly counted: Set<string>; readonly told: Set<string> }>();

  /** A text that may have arrived counts; a further try of the same one doesn't. */
  const mayText = (phone: string, counted: Set<string>, always: boolean): boolean => {
    if (counted.has(phone) || always) return true;
    const lately = (sent.get(phone) ?? []).filter((at) => now() - at < HOUR_MS);
    if (lately.length >= PER_HOUR) return false;
    sent.set(phone, [...lately, now()]);
    counted.add(phone);
    return true;
  };
  const forgetStrangers = (phones: readonly string[]): void => {
    for (const phone of sent.keys()) if (!phones.includes(phone)) sent.delete(phone);
  };

  return {
    name: 'sms',
    async tell(notice) {
      if (!isWorthy(notice)) return 'told';
      const phones = operators.all().flatMap(({ phones: [first] }) => (first === undefined ? [] : [first]));
      forgetStrangers(phones);
      const { counted, told } = progress.get(notice) ?? { counted: new Set(), told: new Set() };
      progress.set(notice, { counted, told });
      const text = async (phone: string): Promise<Told> => {
        if (told.has(phone)) return 'told';
        if (!mayText(phone, counted, isUrgent(notice))) return 'failed';
        const result = await sender.send(phone, notice.sms ?? asText(notice.text)).catch(() => unsure);
        if (result.ok) told.add(phone);
        return result.ok ? 'told' : result.retry ? 'retry' : 'failed';
      };
      const results = await Promise.all(phones.map(text));
      if (results.includes('retry')) return 'retry';
      return results.includes('told') ? 'told' : 'failed';
    },
  };
}

/** One segment: one line of the characters that ASCII and the basic table of GSM 03.38 share. */
function asText(text: string): string {
  const plain = `Pullcord: ${text}`.replace(/\s+/g, ' ').replace(/[^ -Z_a-z]/g, '?');
  return plain.length <= MAX_TEXT ? plain : `${plain.slice(0, MAX_TEXT - 3)}...`;
}
