import { type Listener, listen } from '../../../src/sandbox/apisix/listener';

/** The own inference behind a gateway, as far as it is asked whether it is well; and a paid one behind it that nobody asks. */
export interface OwnModel {
  well: boolean;
  /** Whether it is well, without generating anything. */
  readonly probe: string;
  /** As the gateway names it. */
  readonly primary: string;
  /** Of an upstream that goes over to the paid one. */
  readonly nodes: readonly object[];
  close: Listener['close'];
}

export async function startOwnModel(): Promise<OwnModel> {
  const listener = await listen({
    port: 0,
    onRequest: (_request, response) => response.writeHead(model.well ? 200 : 500).end(),
  });
  const { host, hostname, port } = new URL(listener.url);
  const model: OwnModel = {
    ...{ well: true, probe: `${listener.url}/api/version`, primary: host, close: () => listener.close() },
    nodes: [
      { host: hostname, port: Number(port), weight: 1, priority: 0 },
      { host: hostname, port: 9, weight: 1, priority: -1 },
    ],
  };
  return model;
}
