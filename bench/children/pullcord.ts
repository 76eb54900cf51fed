import { type ConfigInput, configSchema } from '../../src/config/schema';
import { deriveKeys, parseMasterKey } from '../../src/config/secrets';
import { createLogger } from '../../src/log';
import { startPullcord } from '../../src/main';
import { openOperatorsFile, operatorsPath } from '../../src/operators/file';
import { serveParent } from './serve-parent';

/** A real Pullcord, in a process that holds nothing else, with a clock that can be put forward. */
export interface PullcordContract {
  readonly options: {
    readonly config: ConfigInput;
    readonly people: readonly Person[];
    readonly twilioApiUrl: string;
  };
  readonly ready: { readonly publicUrl: string; readonly internalUrl: string };
  readonly calls: {
    /** A one-time password is good once: the next round needs a later clock. */
    advance(seconds: number): void;
    footprint(): Footprint;
  };
}

export interface Person {
  readonly name: string;
  readonly phone: string;
  readonly secret: string;
}

export interface Footprint {
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** Sockets, timers, files that are open. */
  readonly handles: number;
}

const MIB = 1024 * 1024;

serveParent<PullcordContract>(async ({ config: input, people, twilioApiUrl }) => {
  const config = configSchema.parse(input);
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const keys = deriveKeys(parseMasterKey(config.key));
  openOperatorsFile({ path: operatorsPath(config), keys, now, onTrouble: () => undefined }).change(() =>
    people.map(({ name, phone, secret }) => ({
      ...{ name, phones: [phone], rights: ['stop', 'restore', 'status'] },
      ...{ totpSecret: secret, backupCodes: [] },
    })),
  );
  const logger = createLogger({ level: 'silent' });
  const pullcord = await startPullcord({ config, logger, now, version: 'bench', twilioApiUrl });
  return {
    ready: { publicUrl: pullcord.publicUrl, internalUrl: pullcord.internalUrl },
    calls: {
      advance: (seconds) => {
        ahead += seconds * 1000;
      },
      footprint: () => ({
        rssMiB: process.memoryUsage.rss() / MIB,
        heapMiB: process.memoryUsage().heapUsed / MIB,
        handles: process.getActiveResourcesInfo().length,
      }),
    },
    close: () => pullcord.close(),
  };
});
