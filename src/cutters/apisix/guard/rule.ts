import { ALWAYS, type Leave } from '../../cutter';
import type { AdminApi } from '../client';
import { type Doc, docAt, isDoc } from '../document';
import { isGatewayError } from '../fault';

/** The global rule by which a gateway runs the guard's phases. It is armed ahead of time, and stays. */
const GUARD_PLUGIN = 'pullcord-guard';
export const GUARD_RULE_PATH = 'global_rules/pullcord-guard';
const rule: Doc = { plugins: { [GUARD_PLUGIN]: {} } };

/** Whether the rule runs the guard. APISIX may answer an empty object as an empty list. */
function runs(found: Doc | undefined): boolean {
  const plugin = found && docAt(found, 'plugins')[GUARD_PLUGIN];
  if (isDoc(plugin)) return docAt(plugin, '_meta').disable !== true;
  return Array.isArray(plugin);
}

export interface RuleArming {
  /** What was written, for the ledger. */
  readonly wrote?: string;
  /** Why it could not be armed. */
  readonly fault?: string;
}

/** Arms the rule where it is not. @throws GatewayError when the Admin API can't be used, Overtaken. */
export async function armGuardRule(
  api: AdminApi,
  overtaken?: AbortSignal,
  mayCut: () => Promise<Leave | undefined> = async () => ALWAYS,
): Promise<RuleArming> {
  const found = await api.get(GUARD_RULE_PATH, overtaken).catch((error) => {
    if (isGatewayError(error, 'not-found')) return undefined;
    throw error;
  });
  if (runs(found)) return {};
  const leave = await mayCut();
  if (!leave) return {};
  try {
    await api.put(GUARD_RULE_PATH, rule, overtaken, leave);
    return { wrote: 'PUT the rule of the guard' };
  } catch (error) {
    if (!isGatewayError(error, 'rejected')) throw error;
    const unknown = error.what.includes('unknown plugin');
    const remedy =
      'add pullcord-guard to plugins in config.yaml of every node, the one with the Admin API too, and reload';
    return { fault: unknown ? `its rule can't be armed, for the plugin is not enabled: ${remedy}` : error.message };
  }
}
