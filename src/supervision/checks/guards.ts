import type { GuardFacts } from '../../cutters/apisix/guard/inspect';
import { faultsOf } from '../../cutters/apisix/guard/judge';
import type { Check } from './context';
import { about, type Finding } from './finding';

/** Longer, and streams that drain after a reload outlive a cut by minutes where no guard ends them. Seconds. */
const LONGEST_SHUTDOWN = 30;
const UNARMED = 'know no global rule that runs it';

/** Whether each guard would cut on the day when nothing else can. */
export const checkGuards: Check = async (context) => {
  const guarded = Object.keys(context.config.gateways).filter((name) => context.config.gateways[name]?.guard);
  const serves = (await context.service()).kind === 'serves';
  const all = await Promise.all(
    guarded.map(async (name) => {
      // What can't be looked at is told by the gateway's own check.
      const facts = await context.gateway(name).catch(() => undefined);
      return (facts?.guards ?? []).flatMap((one) => guardFindings(name, one, serves));
    }),
  );
  return all.flat();
};

function guardFindings(name: string, facts: GuardFacts, serves: boolean): Finding[] {
  const { ok, warning, fault } = about(`guard ${name}`);
  if ('why' in facts) return [fault(...inTwo(facts.why))];
  const { url, state } = facts;
  const { workers, fail, lease_seconds: lease, worker_shutdown_seconds: shutdown, ids } = state;
  const faults = faultsOf(state).map((words) => {
    if (!serves && words.includes(UNARMED)) return ok(`${url}: Pullcord arms the rule that runs it when it serves`);
    return fault(`${url}: ${words}`, 'Until then a cut with the Admin API dead would not be whole: see docs/guard.md.');
  });
  const draining = workers.filter((worker) => worker.draining);
  const ending = workers.reduce((sum, worker) => sum + worker.ending, 0);
  const way = fail === 'open' ? 'fails open' : `fails closed${lease > 0 ? `, after ${lease} s without Pullcord` : ''}`;
  const found: Finding[] = [
    ...faults,
    ok(`${url}: ${workers.length - draining.length} workers, ${way}, cuts ${ids.length} routes now`),
  ];
  if (shutdown === 0 || shutdown > LONGEST_SHUTDOWN)
    found.push(
      warning(
        `${url}: worker_shutdown_timeout is ${shutdown === 0 ? 'not set' : `${shutdown} s`}: so long may streams go on in old workers after a reload`,
        `Set nginx_config.worker_shutdown_timeout to ${LONGEST_SHUTDOWN}s or less: see docs/apisix.md.`,
      ),
    );
  if (draining.length > 0)
    found.push(ok(`${url}: ${draining.length} workers drain after a reload, and hear the guard`));
  if (ending > 0)
    found.push(
      warning(
        `${url}: ${ending} requests on severed routes are still open`,
        'Restart that gateway if they do not end.',
      ),
    );
  return found;
}

/** What happened, and what to do now. */
function inTwo(why: string): [string, string] {
  const at = why.indexOf('. ');
  return at < 0 ? [why, 'See docs/guard.md.'] : [why.slice(0, at), why.slice(at + 2)];
}
