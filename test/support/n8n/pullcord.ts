import { Pullcord } from '../../../n8n-nodes/nodes/Pullcord/Pullcord.node';
import { tokenRight } from '../../../src/config/schema';
import { gatewayScopes } from '../../../src/sandbox/gateway-objects';
import type { RigOptions } from '../../../src/sandbox/rig';
import { secretOf, tokenOf } from '../http';
import { startWhole, type Whole } from '../whole';
import { type Credential, executing, type RunOptions } from './runs';
import type { IDataObject, INodeExecutionData, NodeApiError } from './workflow';

/** One token for each right, named after it, and one that has them all. */
const tokens = [...tokenRight.options.map((right) => tokenOf(right, [right])), tokenOf('n8n', [...tokenRight.options])];

/** How long a whole installation may take to start where other tests keep the machine busy. Milliseconds. */
export const STARTS_MS = 60_000;

/** A whole installation that knows those tokens. */
export const startTokenWhole = (config: Partial<RigOptions['config']> = {}, rest: Partial<RigOptions> = {}) =>
  startWhole({
    ...rest,
    config: { scopes: gatewayScopes, enforcer: { periodSeconds: 1 }, api: { tokens }, ...config },
  });

export const credentialOf = (whole: Whole, token = 'n8n'): Credential => ({
  baseUrl: whole.pullcord.internalUrl,
  token: secretOf(token),
});

export type Parameters = Readonly<Record<string, unknown>>;

/** Runs the node once. */
export async function run(
  credential: Credential,
  parameters: Parameters | Parameters[],
  options: Partial<RunOptions> = {},
) {
  const items = Array.isArray(parameters) ? parameters : [parameters as Parameters];
  const { context, sent } = executing({ credential, items, ...options });
  let items_: INodeExecutionData[] = [];
  let error: NodeApiError | undefined;
  try {
    [items_ = []] = await new Pullcord().execute.call(context);
  } catch (thrown) {
    error = thrown as NodeApiError;
  }
  const found: IDataObject[] = items_.map(({ json }) => json);
  return { items: items_, json: found, error, sent };
}
