import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';
import type { Keys } from '../../config/secrets';
import type { GatewayFacts } from '../../cutters/apisix/inspect';
import type { Finding } from './finding';
import type { LedgerSight } from './ledger-sight';
import type { Service } from './service';

/** What the checks work with. The methods look once, however many checks ask. */
export interface CheckContext {
  readonly config: Config;
  /** Path of the configuration. */
  readonly configFile: string;
  /** What is allowed and yet most often a mistake, as `readConfig` says it. */
  readonly warnings: readonly string[];
  readonly keys: Keys;
  /** PULLCORD_TOKEN, where there is one. */
  readonly token?: string;
  readonly now: Clock;
  /** Where Twilio's REST API is, when it isn't Twilio's own: for the sandbox. */
  readonly twilioApiUrl?: string;
  /** @throws the file system's error, when `caFile` can't be read */
  gateway(name: string): Promise<GatewayFacts>;
  /** The Pullcord that serves here, if one does. */
  service(): Promise<Service>;
  ledger(): Promise<LedgerSight>;
}

/** Looks at one part of the way. What it throws, and what it takes too long for, is a fault. Changes nothing. */
export type Check = (context: CheckContext) => Promise<readonly Finding[]>;
