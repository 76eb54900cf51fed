import type { SubjectSettings } from '../settings';
import type { Subject } from '../signal';
import type { KeysFile } from './keys-file';

/**
 * How the subjects of a recording are watched, where there is no configuration. A key that nobody names is an agent's.
 * Everything together, and a team, hold still where one of them may be a service's: those are watched with the wider
 * margins.
 */
export function settingsOfKeys(keys: KeysFile): (subject: Subject) => SubjectSettings {
  const anyService = [...keys.values()].some(({ profile }) => profile === 'service');
  return ({ kind, id }) => {
    const named = kind === 'key' ? keys.get(id) : undefined;
    const budget = named?.daily_budget_usd;
    return {
      profile: named?.profile ?? (kind !== 'key' && anyService ? 'service' : 'agent'),
      ...(budget === undefined ? {} : { dailyBudgetUsd: budget }),
      ceilings: [],
      anomaly: true,
    };
  };
}
