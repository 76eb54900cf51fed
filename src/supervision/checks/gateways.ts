import type { GatewayConfig } from '../../config/schema';
import type { ClampFacts, GatewayFacts } from '../../cutters/apisix/inspect';
import type { Check, CheckContext } from './context';
import { about, type Finding } from './finding';

/** Whether each gateway can be told to cut, and can be seen to have done so. One that fails doesn't hide the others. */
export const checkGateways: Check = async (context) =>
  (await Promise.all(Object.keys(context.config.gateways).map((name) => gatewayFindings(context, name)))).flat();

async function gatewayFindings(context: CheckContext, name: string): Promise<Finding[]> {
  const config = context.config.gateways[name];
  const { fault } = about(`gateway ${name}`);
  if (!config) return [];
  let facts: GatewayFacts;
  try {
    facts = await context.gateway(name);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return [fault(`cannot be looked at: ${code ?? message}`, `Look whether ${config.caFile ?? 'it'} can be read.`)];
  }
  const serves = (await context.service()).kind === 'serves';
  return [
    ...adminFindings(facts),
    ...(facts.clamp ? clampFindings(name, facts.clamp, config.method, serves) : []),
    ...nodeFindings(facts),
  ];
}

export function adminFindings({ gateway, admin }: GatewayFacts): Finding[] {
  const { ok, fault } = about(`gateway ${gateway}`);
  const { reads, writes, why = 'Look at the error log of the Admin API.' } = admin;
  if (reads && writes) return [ok('the Admin key is accepted and may write')];
  return [fault(reads ? 'the Admin key may read but not write' : 'the Admin API cannot be used', why)];
}

export function clampFindings(
  name: string,
  clamp: ClampFacts,
  method: GatewayConfig['method'],
  serves: boolean,
): Finding[] {
  const { ok, warning, doubt, fault } = about(`gateway ${name}`);
  if (method === 'rewrite') return [ok('cuts by rewriting the routes')];
  const { armed, armable, streams, cut } = clamp;
  const why = clamp.why.join('; ');
  if (!armable)
    return method === 'clamp'
      ? [fault('the clamp cannot be armed, so nothing would be cut', `${why}. Or set method: auto.`)]
      : [doubt('the clamp cannot be armed: routes would be rewritten one by one, and open streams go on', `${why}.`)];
  const findings = streams === 'all' ? [] : [warning(LEAVES[streams], `${why}.`)];
  if (armed) findings.push(ok(cut > 0 ? `the clamp is armed and cuts ${cut} routes now` : 'the clamp is armed'));
  else if (serves)
    findings.push(doubt('the clamp is not armed, though Pullcord serves', 'Wait for some seconds, then see its log.'));
  else findings.push(ok('the clamp can be armed'));
  return findings;
}

const LEAVES: Readonly<Record<Exclude<ClampFacts['streams'], 'all'>, string>> = {
  none: 'the clamp cannot end streams that are open',
  speaking: 'the clamp cannot end open streams while they are silent, nor WebSockets',
  'all-without-event': 'the clamp ends open streams without telling the client',
};

export function nodeFindings({ gateway, gateways }: GatewayFacts): Finding[] {
  const { ok, fault } = about(`gateway ${gateway}`);
  const silent = gateways.filter(({ answers }) => !answers);
  if (silent.length === 0) return [ok(`probes reach ${gateways.map(({ url }) => new URL(url).host).join(', ')}`)];
  return silent.map(({ url, detail }) =>
    fault(
      `no probe reaches ${new URL(url).origin}: ${detail}`,
      'Start it, open the way from here, or correct gatewayUrls: "severed" is said only when every one of them refuses.',
    ),
  );
}
