import type { Entry } from '../ledger/store';
import type { Source } from '../orders/order';
import { type RefusalReason, reasons } from '../orders/reasons';
import type { Notice } from './channel';

const sources: readonly unknown[] = ['sms', 'api', 'console', 'tripwire'] satisfies readonly Source[];
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * What people and programs are told of a line of paper about refusals. Pure. Takes from it what Pullcord itself has put
 * there, and nothing that a stranger may have chosen, as the path of a request.
 */
export function refusalNotice({ data }: Entry): Omit<Notice, 'at'> {
  const refusal = data.reason as RefusalReason;
  const source = [data.source, data.door].find((one) => sources.includes(one)) as Source | undefined;
  const by = text(data.by) ?? (text(data.token) && `token:${data.token}`);
  const scope = text(data.scope);
  const who = [source && ` by ${source}`, by && ` from ${by}`, scope && ` for ${scope}`].filter(Boolean).join('');
  const { advice } = reasons[refusal];
  return {
    ...{ kind: 'refused', refusal },
    text:
      typeof data.count === 'number'
        ? `Refused ${data.count} times more within a minute: ${refusal}. ${advice}`
        : `Refused${who}: ${refusal}. ${advice}`,
    ...(source === undefined ? {} : { source }),
    ...(by === undefined ? {} : { by }),
    ...(scope === undefined ? {} : { scope }),
  };
}
