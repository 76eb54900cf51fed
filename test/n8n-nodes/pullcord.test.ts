import { credentialOf, run, startTokenWhole } from '../support/n8n/pullcord';
import type { Whole } from '../support/whole';

/** The node, over real HTTP, against a whole Pullcord with its stand-in gateway. */

const AGENT = '/v1/embeddings';
let whole: Whole;
let execution = 0;
beforeAll(async () => {
  whole = await startTokenWhole();
});
afterAll(() => whole.close());
beforeEach(() => {
  execution += 1;
});

const node = (parameters: Parameters<typeof run>[1], options: Parameters<typeof run>[2] = {}) =>
  run(credentialOf(whole), parameters, { execution: String(execution), ...options });

it('severs, and says so when every gateway was seen to refuse; a restore with a true code restores', async () => {
  const severed = await node({ operation: 'sever', reason: 'runaway' });
  expect(severed.error).toBeUndefined();
  expect(severed.items).toEqual([
    {
      json: expect.objectContaining({
        action: 'sever',
        scope: 'agent',
        state: 'severed',
        by: 'token:n8n',
        reason: 'runaway',
        missing: [],
      }),
      pairedItem: { item: 0 },
    },
  ]);
  expect(await whole.status(AGENT)).toBe(503);
  expect(severed.sent.map(({ at }) => at)).toEqual(['POST /api/v1/orders?wait=30']);

  const restored = await node({ operation: 'requestRestore', operator: 'alice', code: whole.alice.code() });
  expect(restored.error).toBeUndefined();
  expect(restored.json).toEqual([expect.objectContaining({ action: 'restore', state: 'live', by: 'alice' })]);
  expect(await whole.status(AGENT)).not.toBe(503);
});
