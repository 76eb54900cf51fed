import type { State } from '../../ledger/store';
import { PERIOD_SECONDS } from '../../operators/totp';
import type { Check, CheckContext } from './context';
import { about, type Finding } from './finding';

const { ok, warning, fault } = about('clock');
/** A code lives for 30 to 59 s (see operators/totp.ts): beyond 30 s good ones are refused. */
const WARNING_SECONDS = 10;
const FAULT_SECONDS = 30;
const ADVICE = 'Set it by the network (chrony, systemd-timesyncd), then check again.';

/** Codes are only as good as this machine's clock: compared with the gateways', and with what the ledger has seen. */
export const checkClock: Check = async (context) => {
  const gateways = await Promise.all(Object.keys(context.config.gateways).map((name) => skewOf(context, name)));
  const findings = [...gateways.flat(), ...(await ledgerFindings(context))];
  return findings.length > 0 ? findings : [ok('nothing to compare it with')];
};

async function skewOf(context: CheckContext, name: string): Promise<Finding[]> {
  // Whatever keeps the gateway from being looked at is told by its own check.
  const facts = await context.gateway(name).catch(() => undefined);
  const skew = facts?.admin.clockSkewSeconds;
  return skew === undefined ? [] : [skewFinding(name, skew)];
}

/** @param skew the gateway's clock less ours. Seconds. */
export function skewFinding(gateway: string, skew: number): Finding {
  const seconds = Math.abs(skew);
  const what = `${seconds} s ${skew > 0 ? 'behind' : 'ahead of'} the clock of gateway ${gateway}`;
  if (seconds > FAULT_SECONDS) return fault(`${what}: if ours is the wrong one, good codes are refused`, ADVICE);
  if (seconds > WARNING_SECONDS) return warning(what, ADVICE);
  return ok(seconds <= 1 ? `agrees with the clock of gateway ${gateway}` : what);
}

async function ledgerFindings({ ledger, now }: CheckContext): Promise<Finding[]> {
  const sight = await ledger();
  if (sight.kind === 'read') return stateFindings(sight.state, now());
  return sight.kind === 'served' && sight.newestAt !== undefined ? lineFindings(sight.newestAt, now()) : [];
}

/** What the ledger has seen of time. @param at epoch, in milliseconds. */
export const stateFindings = ({ head, operators }: Pick<State, 'head' | 'operators'>, at: number): Finding[] => [
  ...lineFindings(head.at, at),
  ...[...operators.values()].flatMap(({ operator, lastStep }) =>
    behindFindings(`the last code of ${operator}`, lastStep * PERIOD_SECONDS * 1000 - at),
  ),
];

const lineFindings = (newestAt: number, at: number): Finding[] =>
  behindFindings("the ledger's newest line", newestAt - at);

/** Nothing that was written can lie in the future. @param ms how far it does; negative: how old it is. */
function behindFindings(what: string, ms: number): Finding[] {
  const seconds = Math.round(ms / 1000);
  if (seconds <= WARNING_SECONDS) return [];
  const text = `${seconds} s behind ${what}: it went back`;
  if (seconds <= FAULT_SECONDS) return [warning(text, ADVICE)];
  return [fault(`${text}, so codes cannot be trusted and RESTORE refuses`, ADVICE)];
}
