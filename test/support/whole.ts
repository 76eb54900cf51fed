import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../src/log';
import { gatewayObjects, gatewayScopes } from '../../src/sandbox/gateway-objects';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import { type Rig, type RigOptions, startRig } from '../../src/sandbox/rig';
import { TestClock } from './desk';
import { freshPglite } from './pglite';

/** A whole installation with a model behind it, and a clock that the test moves. */
export interface Whole extends Rig {
  readonly litellm: SandboxLiteLLM;
  readonly clock: TestClock;
  /** The status that the gateway's data plane answers; 0 when it resets what was under way at the moment of a cut. */
  status(path: string, node?: number): Promise<number>;
}

export async function startWhole(options: Partial<RigOptions> = {}): Promise<Whole> {
  const litellm = await startSandboxLiteLLM({ chunkMs: 10, tokens: 100_000 });
  const clock = new TestClock(Date.now());
  // A first start makes a database, which takes seconds: tests begin with one that is made.
  const dataDir = mkdtempSync(join(tmpdir(), 'pullcord-whole-'));
  await (await freshPglite(join(dataDir, 'ledger'))).close();
  const rig = await startRig({
    dataDir,
    logger: createLogger({ level: (process.env.PULLCORD_LOG as 'debug' | undefined) ?? 'silent' }),
    now: clock.now,
    objects: gatewayObjects(litellm.url),
    config: { scopes: gatewayScopes, enforcer: { periodSeconds: 1 } },
    ...options,
  });
  const status = async (path: string, node = 0): Promise<number> => {
    const answer = await fetch(`${rig.apisix.gatewayUrls[node]}${path}`).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.status ?? 0;
  };
  return Object.create(rig, {
    litellm: { value: litellm },
    clock: { value: clock },
    status: { value: status },
    close: {
      value: async () => {
        await rig.close();
        await litellm.close();
      },
    },
  }) as Whole;
}
