import type { FallbackConfig } from '../../config/fallback';
import type { GatewayConfig } from '../../config/schema';
import { createAdminApi } from '../../cutters/apisix/client';
import { isGatewayError } from '../../cutters/apisix/fault';
import { objectName, pathOf, rolesOf, sideOf, subjectOf } from '../../fallback/configured';
import { judgeFallback } from '../../fallback/judge';
import type { Check } from './context';
import { about, type Finding } from './finding';

/** Whether each fallback is there, and would take over at all. */
export const checkFallbacks: Check = async ({ config }) => {
  const found = await Promise.all(
    Object.entries(config.fallbacks).map(([name, fallback]) => {
      const gateway = config.gateways[fallback.gateway];
      return gateway ? checkOne(name, fallback, gateway) : [];
    }),
  );
  return found.flat();
};

async function checkOne(name: string, config: FallbackConfig, gateway: GatewayConfig): Promise<Finding[]> {
  const { ok, warning, fault } = about(`fallback ${name}`);
  const { adminUrl: url, adminKey: key, timeoutMs, caFile } = gateway;
  const api = createAdminApi({ url, key, timeoutMs, caFile });
  try {
    const object = await api.get(pathOf(config));
    const { goesOver, findings, members } = judgeFallback(subjectOf(config), object, rolesOf(config, object));
    const missing = config.primary.filter((one) => !members.primary.some((member) => member.name === one));
    if (missing.length > 0)
      return [fault(`${objectName(config)} has no ${missing.join(', ')}`, `Correct fallbacks.${name}.primary.`)];
    // Taken out by a Pullcord that serves: what it would be with its fallback can't be judged now.
    if (sideOf(config, object) === 'primary')
      return [ok(`${objectName(config)} goes to the primary alone; before it is governed, try pullcord fallback plan`)];
    const told = findings.map(({ weight, what, remedy }) =>
      (weight === 'never' ? fault : warning)(what, sentence(remedy)),
    );
    return goesOver === 'yes' && told.length === 0 ? [ok(`${objectName(config)} fails over`)] : told;
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    return [fault(`${objectName(config)}: ${error.what}`, error.remedy)];
  } finally {
    api.close();
  }
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
