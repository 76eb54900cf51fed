import type { Router } from 'express';
import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';
import type { SignIns } from '../../desk/sign-ins';
import type { Operators } from '../../operators/operator';
import type { Desk } from '../../orders/desk';
import { openIdDoor } from './openid/door';
import { openProvider } from './openid/provider';
import { pageDoor } from './page-door';
import { readPages } from './pages';
import { Sessions } from './session';

export interface ConsoleOptions {
  readonly config: Pick<Config, 'console'>;
  readonly key: Buffer;
  readonly operators: Pick<Operators, 'byName'>;
  readonly signIns: Pick<SignIns, 'note'>;
  readonly desk: Pick<Desk, 'refused'>;
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
export function openConsole({ config, key, operators, signIns, desk, now, randomId }: ConsoleOptions): Console {
  const { url, openid } = config.console;
  const origin = url === undefined ? undefined : new URL(url).origin;
  const secure = origin?.startsWith('https:') ?? false;
  const sessions = new Sessions({ key, secure, openid: openid !== undefined, operators, now, randomId });
  const byProvider =
    openid && origin
      ? openIdDoor({
          ...{ config: openid, sessions, signIns, key, secure, now },
          provider: openProvider(openid, `${origin}/console/openid/callback`),
          refused: (reason, data) => desk.refused(reason, data),
        })
      : [];
  return { sessions, origin, routers: [byProvider, pageDoor(readPages())].flat() };
}
