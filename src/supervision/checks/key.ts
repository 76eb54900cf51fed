import { parseMasterKey } from '../../config/secrets';
import type { Check } from './context';
import { about } from './finding';

/** 32 random bytes have fewer different ones in one case of 10^15. */
const LEAST_DIFFERENT = 16;

/** Whether the key was made up rather than made. A random one passes. */
function isMadeUp(key: Buffer): boolean {
  const step = (i: number): number => ((key[i] ?? 0) - (key[i - 1] ?? 0) + 256) % 256;
  const counts = key.every((_, i) => i < 2 || step(i) === step(1));
  return counts || new Set(key).size < LEAST_DIFFERENT;
}

/** Whoever guesses the key reads the operators' secrets and every provider key of the snapshots. */
export const checkKey: Check = async ({ config }) => {
  const { ok, fault } = about('key');
  if (!isMadeUp(parseMasterKey(config.key))) return [ok('looks random')];
  return [
    fault(
      'can be guessed: it repeats or counts',
      'Make one: openssl rand -hex 32. What was sealed with the old one does not open any more: add every operator again.',
    ),
  ];
};
