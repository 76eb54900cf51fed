import { configSchema } from '../../src/config/schema';
import { createLiteLLMCutters } from '../../src/cutters/litellm';
import { createWebhookCutter } from '../../src/cutters/webhook';
import { minimal } from '../config/minimal';

/** What a restore gives back beside the gateways. */

const memory = { get: async () => undefined, set: async () => undefined };
const [one, two] = ['ab'.repeat(32), 'cd'.repeat(32)];
const config = configSchema.parse({
  ...minimal,
  scopes: { agent: { routes: [{ all: true }] }, llm: { routes: [{ id: 'x' }] } },
  defaultScope: 'agent',
  cutters: {
    litellm: [
      { url: 'http://127.0.0.1:9', adminKey: 'sk-admin', keys: [one, two], scopes: ['agent'] },
      { url: 'http://127.0.0.1:9', adminKey: 'sk-admin', keys: [two], scopes: ['llm'] },
    ],
    webhooks: [{ name: 'mesh', url: 'http://127.0.0.1:9', scopes: ['agent'] }],
  },
});
const scopes = ['agent', 'llm'];

it('keys: those that no other severed scope holds', async () => {
  const [cutter] = createLiteLLMCutters({ config: config.cutters.litellm, scopes, memory });
  expect(cutter?.preview('agent', new Set(['agent']))).toEqual({
    ...{ routes: [], stays: [] },
    others: ['unblocks key abababab, key cdcdcdcd, where Pullcord blocked them'],
  });
  expect(cutter?.preview('agent', new Set(['agent', 'llm']))).toEqual({
    ...{ routes: [], others: ['unblocks key abababab, where Pullcord blocked it'] },
    stays: [{ gateway: 'litellm 127.0.0.1:9', id: 'key cdcdcdcd', why: 'llm is severed, too, and holds it' }],
  });
  expect(cutter?.preview('other', new Set(['agent']))).toEqual({ routes: [], others: [], stays: [] });
  await cutter?.close();
});

it('a webhook: that it is told', () => {
  const [webhook] = config.cutters.webhooks;
  if (!webhook) throw new Error('none');
  const cutter = createWebhookCutter({ config: webhook, scopes, memory, now: Date.now });
  expect(cutter.preview('agent', new Set()).others).toEqual(['is told to restore agent']);
  expect(cutter.preview('llm', new Set()).others).toEqual([]);
});
