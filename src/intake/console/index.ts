import type { Router } from 'express';
import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';
import type { Operators } from '../../operators/operator';
import { pageDoor } from './page-door';
import { readPages } from './pages';
import { Sessions } from './session';

export interface ConsoleOptions {
  readonly config: Pick<Config, 'console'>;
  readonly key: Buffer;
  readonly operators: Pick<Operators, 'byName'>;
  readonly now: Clock;
  readonly randomId: () => string;
}

export interface Console {
  readonly sessions: Sessions;
  /** Of the page, where it is configured. */
  readonly origin: string | undefined;
  /** What is at `/console` beside the operations of the API. */
  readonly routers: readonly Router[];
}

/** The console's server side: who is signed in, and the page. */
export function openConsole({ config, key, operators, now, randomId }: ConsoleOptions): Console {
  const { url, openid } = config.console;
  const origin = url === undefined ? undefined : new URL(url).origin;
  const secure = origin?.startsWith('https:') ?? false;
  const sessions = new Sessions({ key, secure, openid: openid !== undefined, operators, now, randomId });
  return { sessions, origin, routers: [pageDoor(readPages())] };
}
