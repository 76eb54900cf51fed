import type { Clock } from '../clock';
import type { Config } from '../config/schema';
import type { Channel } from './channel';
import { createSms, type SmsOptions } from './sms';
import { createWebhook } from './webhook';

export interface ChannelsOptions {
  readonly config: Pick<Config, 'notify'>;
  readonly operators: SmsOptions['operators'];
  /** Undefined when no provider is configured. */
  readonly sender: SmsOptions['sender'] | undefined;
  readonly now: Clock;
}

/** The channels that are configured. */
export function createChannels({ config: { notify }, operators, sender, now }: ChannelsOptions): readonly Channel[] {
  const sms = notify.sms && sender ? [createSms({ sender, operators, now })] : [];
  return [...sms, ...notify.webhooks.map(({ url, secret }) => createWebhook({ url, secret, now }))];
}
