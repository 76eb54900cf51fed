import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startApisix } from '../../src/sandbox/apisix';
import { clock } from '../clock';
import { serveParent } from './serve-parent';

/** The sandbox gateway and what stands behind it. */
export interface GatewayContract {
  readonly options: { readonly writeMs: number; readonly propagationMs: number };
  readonly ready: {
    readonly adminUrl: string;
    readonly adminKey: string;
    readonly gatewayUrl: string;
    /** `host:port` of what its routes lead to. */
    readonly upstream: string;
  };
  readonly calls: {
    /** When the newest write of a global rule arrived at the Admin API, and when it stood in etcd. */
    stamps(): Stamps;
  };
}

export interface Stamps {
  readonly arrived: number;
  readonly stored: number;
}

const RULES = '/apisix/admin/global_rules/';

serveParent<GatewayContract>(async ({ writeMs, propagationMs }) => {
  const apisix = await startApisix({ writeMs, propagationMs });
  const model = createServer((_, response) => response.end('served'));
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
  let arrived = 0;
  let stored = 0;
  // A fault that hits nothing: every request of the Admin API comes by its `match`.
  apisix.faults.delay(0, {
    match: (method, path) => {
      if (method !== 'GET' && path.startsWith(RULES)) arrived = clock();
      return false;
    },
  });
  apisix.store.watch(({ key }) => {
    if (key.startsWith('/apisix/global_rules/')) stored = clock();
  });
  const { adminUrl, adminKey, gatewayUrl } = apisix;
  return {
    ready: { adminUrl, adminKey, gatewayUrl, upstream: `127.0.0.1:${(model.address() as AddressInfo).port}` },
    calls: { stamps: () => ({ arrived, stored }) },
    close: async () => {
      await apisix.close();
      model.closeAllConnections();
      model.close();
    },
  };
});
