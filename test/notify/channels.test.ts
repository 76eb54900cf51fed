import { createChannels } from '../../src/notify/channels';

const sender = { send: async () => ({ ok: true }) as const };
const operators = { all: () => [] };
const hook = { url: 'https://n8n.example.org/webhook/of-a-secret-name' };

it.each([
  ['texts and hooks', { sms: true, webhooks: [hook] }, sender, ['sms', 'webhook n8n.example.org']],
  ['no texts when they are not wanted', { sms: false, webhooks: [hook] }, sender, ['webhook n8n.example.org']],
  ['no texts without a provider', { sms: true, webhooks: [] }, undefined, []],
])('%s', (_what, notify, by, names) => {
  const channels = createChannels({ config: { notify }, operators, sender: by, now: Date.now });
  expect(channels.map(({ name }) => name)).toEqual(names);
});
