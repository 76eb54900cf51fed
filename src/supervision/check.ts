import { inspectGateway } from '../cutters/apisix/inspect';
import { within } from '../queue/wait';
import { checkClock } from './checks/clock';
import { checkConfiguration } from './checks/configuration';
import type { Check, CheckContext } from './checks/context';
import { checkDoors } from './checks/doors';
import { checkFallbacks } from './checks/fallbacks';
import { checkFiles } from './checks/files';
import { about, type Finding } from './checks/finding';
import { checkGateways } from './checks/gateways';
import { checkGuards } from './checks/guards';
import { checkKey } from './checks/key';
import { checkLastResort } from './checks/last-resort';
import { checkLedger } from './checks/ledger';
import { seeLedger } from './checks/ledger-sight';
import { checkOperators } from './checks/operators';
import { checkPassing } from './checks/passing';
import { checkPublicUrl } from './checks/public-url';
import { checkQueue } from './checks/queue';
import { checkScopes } from './checks/scopes';
import { secretsIn, withoutSecrets } from './checks/secrets-in';
import { findService, reachable } from './checks/service';
import { checkService } from './checks/serving';
import { checkTripwire } from './checks/tripwire';
import { checkTwilio } from './checks/twilio';

/**
 * Everything that would make the switch fail on the day. Fails towards "fault": a check that throws or takes too long
 * is one, and hides none of the others.
 */
const checks: Readonly<Record<string, Check>> = {
  configuration: checkConfiguration,
  key: checkKey,
  files: checkFiles,
  operators: checkOperators,
  doors: checkDoors,
  gateways: checkGateways,
  guards: checkGuards,
  scopes: checkScopes,
  fallbacks: checkFallbacks,
  clock: checkClock,
  'public URL': checkPublicUrl,
  Twilio: checkTwilio,
  ledger: checkLedger,
  queue: checkQueue,
  'last resort': checkLastResort,
  tripwire: checkTripwire,
  'what passes': checkPassing,
  service: checkService,
};

const CHECK_MS = 5_000;
/** Of what several checks wait for. */
const LOOK_MS = 4_000;
/** Of one request to a gateway: it is looked at by several, one after the other. */
const REQUEST_MS = 1_500;

export type CheckOptions = Omit<CheckContext, 'gateway' | 'service' | 'ledger'>;

/** @returns findings in the order of the checks, without a secret in them. */
export async function check(options: CheckOptions): Promise<readonly Finding[]> {
  const found = await runChecks(contextOf(options));
  const secrets = secretsIn(options.config);
  return found.map(({ what, advice, ...rest }) => ({
    ...rest,
    what: withoutSecrets(what, secrets),
    ...(advice === undefined ? {} : { advice: withoutSecrets(advice, secrets) }),
  }));
}

/** @param all by the name that a check has in its findings. @param ms bound of each. */
export async function runChecks(context: CheckContext, all = checks, ms = CHECK_MS): Promise<readonly Finding[]> {
  const found = await Promise.all(
    Object.entries(all).map(async ([name, one]): Promise<readonly Finding[]> => {
      try {
        return await within(one(context), ms, () => new Error(`it took longer than ${ms} ms`));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return [about(name).fault(`could not be checked: ${why}`, 'Mend what is named, then check again.')];
      }
    }),
  );
  return found.flat();
}

function contextOf(options: CheckOptions): CheckContext {
  const { config, now } = options;
  const service = once(() => findService(`http://${reachable(config.listen.internal)}`));
  const gateways = new Map(
    Object.entries(config.gateways).map(([name, gateway]) => {
      const bounded = { ...gateway, timeoutMs: Math.min(gateway.timeoutMs, REQUEST_MS) };
      const look = () => inspectGateway({ name, config: bounded, scopes: config.scopes, now });
      return [name, once(() => within(look(), LOOK_MS, () => new Error(`no answer within ${LOOK_MS} ms`)))];
    }),
  );
  return {
    ...options,
    service,
    gateway: (name) => gateways.get(name)?.() ?? Promise.reject(new Error(`there is no gateway ${name}`)),
    ledger: once(() =>
      within(seeLedger({ ...options, service }), LOOK_MS, () => undefined).catch(() => ({
        kind: 'unseen',
        why: `that took longer than ${LOOK_MS} ms`,
      })),
    ),
  };
}

function once<T>(look: () => Promise<T>): () => Promise<T> {
  let looked: Promise<T> | undefined;
  return () => {
    looked ??= look();
    return looked;
  };
}
