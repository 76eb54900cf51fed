import type { OpenIdConfig } from '../../../config/console';
import type { Right } from '../../../config/right';
import type { Claims } from './provider';

/** Who came by the identity provider, and what their roles allow. */
export interface Mapped {
  readonly name: string;
  readonly rights: readonly Right[];
  /** Whether the claim with the roles was there at all: Keycloak leaves it out unless it is told to put it in. */
  readonly hasRoles: boolean;
}

const NAME_CHARACTERS = 64;
/** One line, and nothing that turns a text around: the name stands in the ledger and on the page. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Pure. Fails towards "no right": a role that isn't written down exactly so is none. */
export function mapped(claims: Claims, config: Pick<OpenIdConfig, 'rolesClaim' | 'roles' | 'operatorClaim'>): Mapped {
  const found = claimAt(claims, config.rolesClaim);
  const roles: readonly unknown[] = Array.isArray(found) ? found : [found];
  const rights = roles.flatMap((role) =>
    typeof role === 'string' && Object.hasOwn(config.roles, role) ? (config.roles[role] ?? []) : [],
  );
  const called = claimAt(claims, config.operatorClaim);
  const fit = typeof called === 'string' && called !== '' && called.length <= NAME_CHARACTERS && !UNFIT.test(called);
  return { name: fit ? called : claims.sub, rights: [...new Set(rights)], hasRoles: found !== undefined };
}

/** A claim by its name, or by a dotted path; a name may have dots of its own. */
function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path
    .split('.')
    .reduce<unknown>(
      (value, step) =>
        value instanceof Object && Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined,
      claims,
    );
}
