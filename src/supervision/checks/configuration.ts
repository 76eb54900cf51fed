import type { Check } from './context';
import { about } from './finding';

/** What the reader of the configuration warns of at every start. */
export const checkConfiguration: Check = async ({ configFile, warnings }) => {
  const { ok, warning } = about('configuration');
  if (warnings.length === 0) return [ok(`${configFile} is good`)];
  return warnings.map((text) => warning(text, 'Change it, or leave it if it is meant.'));
};
