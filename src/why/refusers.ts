import { type Doc, docAt, isDoc } from '../cutters/apisix/document';
import { isRefusal } from '../cutters/apisix/refusal';

/** Plugins of APISIX that refuse requests of their own accord, and the statuses with which they do (their docs). */
const REFUSERS: Readonly<Record<string, readonly number[]>> = {
  'key-auth': [401],
  'jwt-auth': [401],
  'basic-auth': [401],
  'hmac-auth': [401],
  'multi-auth': [401],
  'ldap-auth': [401],
  'jwe-decrypt': [400, 403],
  'openid-connect': [401, 403],
  'wolf-rbac': [401, 403],
  'authz-keycloak': [401, 403],
  'authz-casbin': [403],
  'forward-auth': [401, 403],
  opa: [401, 403],
  acl: [401, 403],
  'consumer-restriction': [401, 403],
  'ip-restriction': [403],
  'ua-restriction': [403],
  'referer-restriction': [403],
  'uri-blocker': [403],
  csrf: [401],
  'chaitin-waf': [403],
  'client-control': [413],
  'request-validation': [400],
  'ai-prompt-guard': [400],
  'ai-aliyun-content-moderation': [400],
  'ai-aws-content-moderation': [400],
  'limit-count': [503],
  'limit-req': [503],
  'limit-conn': [503],
  'ai-rate-limiting': [503],
  'api-breaker': [502],
};

/** A plugin that may refuse: which depends on who asks, how often, or with what. */
export interface Suspect {
  readonly plugin: string;
  readonly statuses: readonly number[];
}

const isOn = (conf: unknown): conf is Doc => isDoc(conf) && docAt(conf, '_meta').disable !== true;

export function suspectsIn(plugins: Doc): readonly Suspect[] {
  return Object.entries(plugins).flatMap(([plugin, conf]) => {
    const usual = Object.hasOwn(REFUSERS, plugin) ? REFUSERS[plugin] : undefined;
    if (!usual || !isOn(conf)) return [];
    const own = ['rejected_code', 'break_response_code']
      .map((key) => conf[key])
      .filter((code) => typeof code === 'number');
    return [{ plugin, statuses: own.length > 0 ? own : usual }];
  });
}

/** The status with which somebody else's `fault-injection` aborts every request; undefined where it aborts none, or some. */
export function strangersAbort(plugins: Doc): number | undefined {
  const conf = plugins['fault-injection'];
  if (!isOn(conf) || isRefusal(conf)) return undefined;
  const { http_status: status, vars, percentage } = docAt(conf, 'abort');
  const isAlways = vars === undefined && (percentage === undefined || percentage === 100);
  return isAlways && typeof status === 'number' ? status : undefined;
}

/** In words, for a sentence. */
export const inWords = (suspects: readonly Suspect[]): string =>
  suspects.map(({ plugin, statuses }) => `${plugin} (${statuses.join(', ')})`).join(', ');
