import type { Check } from './context';
import { about } from './finding';

/** Whether Pullcord serves, and what it says of itself. */
export const checkService: Check = async ({ service }) => {
  const { ok, warning, fault } = about('service');
  const found = await service();
  if (found.kind === 'away')
    return [warning(`Pullcord does not serve at ${found.url}`, 'Start it, then check again: pullcord serve')];
  if (found.kind === 'strange')
    return [
      fault(
        `what is at ${found.url} does not answer as Pullcord does: it ${found.how}`,
        'Find out what listens there; restart Pullcord if it hangs, or change listen.internal.',
      ),
    ];
  const { state, parts } = found.readiness;
  if (state === 'armed') return [ok(`serves at ${found.url}, armed`)];
  const wrong = parts.filter((part) => !part.ok).map(({ name, detail }) => `${name}: ${detail}`);
  const what = `serves at ${found.url}, ${state}: ${wrong.join('; ')}`;
  const advice = 'Mend what is named; Pullcord notices by itself.';
  return [state === 'disarmed' ? fault(what, advice) : warning(what, advice)];
};
