import type { Check } from './context';
import { about } from './finding';

/** Whether the ledger can be read and, where it is shared, written. RESTORE refuses without it. */
export const checkLedger: Check = async ({ config, ledger }) => {
  const { ok, warning, fault } = about('ledger');
  const where = config.databaseUrl === undefined ? `embedded in ${config.dataDir}` : shownUrl(config.databaseUrl);
  const sight = await ledger();
  switch (sight.kind) {
    case 'new':
      return [ok(`${where}: nothing in it yet, it is made at the first start`)];
    case 'unseen':
      return [warning(`${where} was not looked at: ${sight.why}`, 'Start Pullcord, then check again.')];
    case 'failed':
      return [
        fault(
          `${where} cannot be used: ${sight.why}`,
          config.databaseUrl === undefined
            ? 'Look at the disk; bring the folder back from a backup.'
            : 'Look after Postgres, its user and its rights, or correct DATABASE_URL. Until then RESTORE refuses.',
        ),
      ];
    case 'served': {
      const part = sight.service.readiness.parts.find(({ name }) => name === 'ledger');
      if (part?.ok) return [ok(`${where}: the Pullcord that serves has it`)];
      return [fault(`${where}: ${part?.detail ?? 'Pullcord says nothing of it'}`, 'Look at the log and at the disk.')];
    }
    case 'read': {
      const { ms, lost, state } = sight;
      if (lost)
        return [
          fault(
            `${where} lost its newest lines: it ends at line ${state.head.seq}`,
            'See what is missing: pullcord ledger verify. Bring back a newer backup.',
          ),
        ];
      if (ms > config.bounds.ledgerMs)
        return [
          warning(
            `${where} answers after ${Math.round(ms)} ms: a STOP waits ${config.bounds.ledgerMs} ms and goes on without`,
            'Make the database faster or nearer, or raise bounds.ledgerMs.',
          ),
        ];
      return [ok(`${where}: ${state.head.seq} lines, answers after ${Math.ceil(ms)} ms`)];
    }
  }
};

/** Without user, password and options. */
export function shownUrl(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return 'the database';
  }
}
