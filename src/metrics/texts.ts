import type { Sender } from '../intake/sms/sender';
import type { Families } from './family';

/** The same sender, whose texts are counted. */
export function countedSender({ counter }: Families, sender: Sender): Sender {
  const texts = counter(
    'pullcord_sms_sent_total',
    'Text messages that were handed to the provider: taken, to be tried again, or refused for good.',
    { result: ['taken', 'retry', 'refused'] },
  );
  return {
    send: async (to, body) => {
      const sent = await sender.send(to, body);
      texts({ result: sent.ok ? 'taken' : sent.retry ? 'retry' : 'refused' });
      return sent;
    },
  };
}
