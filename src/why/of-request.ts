import { bounded } from '../ledger/bounded';
import type { Finding } from './finding';
import { lookAtLedger } from './ledger';
import { latched, recorded } from './ledger-findings';
import { PASSES, type Parts } from './parts';

const ASK_PATH = 'Ask by the path, or by the key: pullcord why POST https://host/path';

/** What became of a request at Pullcord's own doors. */
export async function ofRequest({ paper, now, limitMs }: Parts, id: string): Promise<readonly Finding[]> {
  const looking = lookAtLedger(paper, limitMs);
  const about = await bounded(paper.about(id), limitMs, 'the ledger').catch((error: Error) => error);
  const ledger = await looking;
  const elsewhere: Finding[] = [
    { layer: 'gateway', verdict: 'skipped', text: 'Pullcord keeps no log of what passes the gateways.' },
    { layer: 'litellm', verdict: 'skipped', text: 'Its call ids (x-litellm-call-id) stand in its own logs.' },
  ];
  if (about instanceof Error)
    return [
      ...elsewhere,
      { layer: 'ledger', verdict: 'unknown', text: `The ledger could not be read: ${about.message}.` },
    ];
  const found = recorded(about.lines, about.of, now());
  if (found.verdict !== 'unknown') return [...elsewhere, found];
  const cut = latched(ledger, { scopes: undefined, marked: false, unknown: PASSES }, now());
  return [...elsewhere, { ...found, todo: ASK_PATH }, ...cut];
}
