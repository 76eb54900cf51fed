import type { FallbackConfig } from '../config/fallback';
import type { Doc } from '../cutters/apisix/document';
import { membersOf, partOf, type Roles, type Subject } from './subject';
import { forbidWrite } from './write';

type Where = Pick<FallbackConfig, 'upstream' | 'route'>;

/** What a configured fallback is about. */
export const subjectOf = ({ upstream, route }: Where): Subject =>
  upstream === undefined
    ? { kind: 'ai-proxy-multi', holder: 'routes', id: route ?? '' }
    : { kind: 'upstream', holder: 'upstreams', id: upstream };

/** Its path in the Admin API; ids are checked by the configuration. */
export const pathOf = (where: Where): string => `${subjectOf(where).holder}/${subjectOf(where).id}`;

/** In words, for people. */
export const objectName = ({ upstream, route }: Where): string =>
  upstream === undefined ? `route ${route}` : `upstream ${upstream}`;

/** Whatever is not named as primary is the fallback: what isn't known to be in the house may lead out of it. */
export function rolesOf(config: Pick<FallbackConfig, 'upstream' | 'route' | 'primary'>, object: Doc): Roles {
  const subject = subjectOf(config);
  const part = partOf(subject, object);
  if (!part) return {};
  const { primary, fallbacks } = membersOf(subject, part);
  return {
    fallbacks: [...primary, ...fallbacks].map(({ name }) => name).filter((name) => !config.primary.includes(name)),
  };
}

/** Where this object lets requests go; undefined when it isn't what was configured. */
export function sideOf(config: Pick<FallbackConfig, 'upstream' | 'route' | 'primary'>, object: Doc) {
  switch (forbidWrite(subjectOf(config), object, rolesOf(config, object)).kind) {
    case 'nothing':
      return 'primary';
    case 'write':
      return 'fallback';
    case 'impossible':
      return undefined;
  }
}
