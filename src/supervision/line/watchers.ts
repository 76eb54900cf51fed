import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';
import type { State, Store } from '../../ledger/store';
import type { Operator } from '../../operators/operator';
import { certificateFindings, seeCertificate, tlsEnds } from '../checks/certificates';
import { stateFindings } from '../checks/clock';
import { dataDirNow } from '../checks/files';
import { about } from '../checks/finding';
import { checkLastResort } from '../checks/last-resort';
import { backupFindings, codeFindings, rightFindings } from '../checks/operators';
import { heldTokens, seeToken, tokenFindings } from '../checks/tokens';
import { checkTwilio } from '../checks/twilio';
import { watchGateways } from './gateways';
import type { Watcher } from './line';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

export const LEDGER = 'ledger';
export const LEDGER_WRITES = 'ledger writes';
export const CLOCK = 'clock';
export const DISK = 'disk';
export const OPERATORS = 'operators';
export const TWILIO = 'twilio';
export const LAST_RESORT = 'last resort';

export interface WatchersOptions {
  readonly config: Config;
  readonly store: Pick<Store, 'remember' | 'mirror'>;
  readonly operators: { all(): readonly Operator[] };
  readonly twilioApiUrl: string | undefined;
  readonly now: Clock;
}

/** Everything that has to be asked whether it is well. Judged as `pullcord check` judges it. */
export function watchersOf(options: WatchersOptions): readonly Watcher[] {
  const { config } = options;
  return [
    watchGateways(options),
    watchLedger(options),
    watchOwn(options),
    ...(config.sms.twilio ? [watchTwilio(options)] : []),
    ...watchCertificates(options),
    ...watchTokens(options),
    ...(config.lastResort?.command ? [watchLastResort(options)] : []),
  ];
}

/** It is asked every few seconds whether it reads; this shows that it is written. */
function watchLedger({ store, now }: WatchersOptions): Watcher {
  const { ok, fault } = about(LEDGER_WRITES);
  return {
    parts: [{ name: LEDGER_WRITES, because: LEDGER }],
    everyMs: 30 * SECOND_MS,
    withinMs: 5 * SECOND_MS,
    look: async () => {
      const refused = await store.remember('supervision', { at: now() }).then(
        () => undefined,
        (error: Error) => error.message,
      );
      const found =
        refused === undefined
          ? ok('takes writes')
          : fault(
              `the ledger takes no writes, STOP works, RESTORE refuses: ${refused}`,
              'Look after the database, its disk and the rights of its user.',
            );
      return { [LEDGER_WRITES]: [found] };
    },
  };
}

/** What is on this machine, and costs nothing to look at. */
function watchOwn({ config, store, operators, now }: WatchersOptions): Watcher {
  return {
    parts: [{ name: CLOCK }, { name: DISK }, { name: OPERATORS }],
    everyMs: 30 * SECOND_MS,
    withinMs: 5 * SECOND_MS,
    look: async () => {
      const state = store.mirror();
      const clock = state ? stateFindings(state, now()) : [];
      return {
        [CLOCK]: clock.length > 0 ? clock : [about(CLOCK).ok('has not gone back')],
        [DISK]: dataDirNow(config.dataDir, config.databaseUrl === undefined),
        [OPERATORS]: operatorFindings(operators.all(), state, config.restore.operators, now()),
      };
    },
  };
}

/** Names are for the log and the status of those who may see it; there is no code in it. */
function operatorFindings(all: readonly Operator[], state: State | undefined, needed: number, now: number) {
  return [
    ...rightFindings(all, needed),
    ...all.flatMap((one) => codeFindings(one, now)),
    ...all
      .filter(({ rights }) => rights.includes('stop'))
      .flatMap((one) => backupFindings(one, state?.backupCodesUsed)),
  ];
}

function watchTwilio({ config, twilioApiUrl }: WatchersOptions): Watcher {
  return {
    parts: [{ name: TWILIO }],
    everyMs: 90 * SECOND_MS,
    withinMs: 10 * SECOND_MS,
    look: async () => ({
      [TWILIO]: await checkTwilio(twilioApiUrl === undefined ? { config } : { config, twilioApiUrl }),
    }),
  };
}

const CERTIFICATE_MS = 4 * SECOND_MS;

/** One each, so that one that does not answer holds up no other. */
function watchCertificates({ config, now }: WatchersOptions): readonly Watcher[] {
  return tlsEnds(config).map((end) => {
    const name = `certificate ${end.at}`;
    let seenBefore = false;
    return {
      parts: [{ name, ...(end.isPublic ? { silence: 'supervisory' as const } : {}) }],
      everyMs: 2 * MINUTE_MS,
      withinMs: CERTIFICATE_MS + SECOND_MS,
      look: async () => {
        const seen = await seeCertificate(end, CERTIFICATE_MS);
        const findings = certificateFindings(end, seen, { now: now(), seenBefore });
        seenBefore ||= !('unseen' in seen);
        return { [name]: findings };
      },
    };
  });
}

/** What Pullcord shows to LiteLLM, as far as that tells when it ends. */
function watchTokens({ config, now }: WatchersOptions): readonly Watcher[] {
  return heldTokens(config).map((token) => {
    const name = `token ${token.name}`;
    return {
      parts: [{ name, silence: 'supervisory' }],
      everyMs: 3 * MINUTE_MS,
      withinMs: 5 * SECOND_MS,
      look: async () => ({ [name]: tokenFindings(token, await seeToken(token), now()) }),
    };
  });
}

function watchLastResort({ config }: WatchersOptions): Watcher {
  return {
    parts: [{ name: LAST_RESORT }],
    everyMs: MINUTE_MS,
    withinMs: 5 * SECOND_MS,
    look: async () => ({ [LAST_RESORT]: await checkLastResort({ config }) }),
  };
}
