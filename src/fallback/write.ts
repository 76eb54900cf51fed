import { alike, type Doc, docAt, isDoc, own, same, without } from '../cutters/apisix/document';
import { applyMergePatch } from '../cutters/apisix/merge-patch';
import { listOf, membersOf, nameOf, partOf, patchOf, type Roles, type Subject } from './subject';

/** One write of the Admin API: `PATCH <path>` with this document. It may hold keys of providers: for no log. */
export interface Write {
  /** Behind `/apisix/admin/`: `upstreams/llm`. */
  readonly path: string;
  /** A merge patch (RFC 7396). */
  readonly patch: Doc;
}

/** What is to be written, or why nothing can be. */
export type Written =
  | { readonly kind: 'write'; readonly write: Write }
  /** It stands so already. */
  | { readonly kind: 'nothing' }
  /** Nothing that could be written would do it. */
  | { readonly kind: 'impossible'; readonly what: string; readonly remedy: string };

/**
 * The write after which no request goes to a fallback any more. What is open there goes on until it ends by itself.
 * An upstream loses its fallback nodes (a weight of 0 would not keep the gateway from one). `ai-proxy-multi` loses its
 * strategy, where that alone sends requests on; the instances themselves where there are checks, or equal priorities.
 * @param object as the Admin API's GET answered it, never as a PATCH did: the latter shows secrets as cipher text.
 */
export function forbidWrite(subject: Subject, object: Doc, roles: Roles = {}): Written {
  const part = partOf(subject, object);
  if (!part) return absent(subject);
  const { primary, fallbacks } = membersOf(subject, part, roles);
  if (fallbacks.length === 0) return { kind: 'nothing' };
  if (primary.length === 0)
    return {
      kind: 'impossible',
      what: `${subject.holder}/${subject.id} has fallbacks alone`,
      remedy: 'Name as fallbacks only what takes the place of something else.',
    };
  const patch = forbidding(subject, part, roles);
  return same(applyMergePatch(part, patch), part) ? { kind: 'nothing' } : written(subject, patch);
}

/**
 * The write that undoes `forbidWrite`, exactly: where nobody else has changed the object meanwhile, it is as it was to the
 * last field, `update_time` included. What others changed beside it stays.
 * @param now the object as GET answers it now.
 * @param before the object as GET answered it before the fallback was forbidden.
 */
export function permitWrite(subject: Subject, now: Doc, before: Doc, roles: Roles = {}): Written {
  const [part, original] = [partOf(subject, now), partOf(subject, before)];
  if (!part || !original) return absent(subject);
  const patch = forbidding(subject, original, roles);
  const field = Object.keys(patch)[0] ?? '';
  const [stands, was] = [own(part, field), own(original, field)];
  if (alike(stands, was)) return { kind: 'nothing' };
  const forbidden = applyMergePatch(original, patch) as Doc;
  if (!alike(stands, own(forbidden, field)))
    return {
      kind: 'impossible',
      what: `somebody else has changed ${field} of ${subject.holder}/${subject.id} since the fallback was forbidden`,
      remedy: 'Put it right by hand: nothing is overwritten that Pullcord has not written.',
    };
  const untouched = alike(
    without(now, 'update_time'),
    without(applyMergePatch(before, patchOf(subject, patch)) as Doc, 'update_time'),
  );
  const back = patchOf(subject, { [field]: was === undefined ? null : was });
  // The time alone is set by PATCH, and only without a sub-path.
  const time = untouched && before.update_time !== undefined ? { update_time: before.update_time } : {};
  return { kind: 'write', write: { path: pathOf(subject), patch: { ...back, ...time } } };
}

function forbidding(subject: Subject, part: Doc, roles: Roles): Doc {
  const gone = membersOf(subject, part, roles).fallbacks.map(({ name }) => name);
  const isFallback = (item: Doc): boolean => gone.includes(nameOf(subject, part, item));
  const nodes = own(part, 'nodes');
  if (subject.kind === 'ai-proxy-multi')
    return byStrategyAlone(subject, part, roles)
      ? { fallback_strategy: [] }
      : { instances: listOf(subject, part).filter((item) => !isFallback(item)) };
  if (!isDoc(nodes)) return { nodes: listOf(subject, part).filter((item) => !isFallback(item)) };
  // Nodes that are an object are merged: each has to be taken out by its key.
  const keys = Object.keys(nodes);
  return {
    nodes: Object.fromEntries(listOf(subject, part).flatMap((item, i) => (isFallback(item) ? [[keys[i], null]] : []))),
  };
}

/** Whether without a strategy no request goes to a fallback, and none that may go elsewhere is kept from it. */
function byStrategyAlone(subject: Subject, part: Doc, roles: Roles): boolean {
  const { primary, fallbacks } = membersOf(subject, part, roles);
  const priorities = new Set(primary.map(({ priority }) => priority));
  const [only = 0] = priorities;
  const instances = own(part, 'instances');
  const hasChecks = Array.isArray(instances) && instances.some((one) => isDoc(one) && own(one, 'checks') !== undefined);
  const algorithm = own(docAt(part, 'balancer'), 'algorithm') ?? 'roundrobin';
  return (
    priorities.size === 1 &&
    fallbacks.every(({ priority }) => priority < only) &&
    !hasChecks &&
    algorithm === 'roundrobin'
  );
}

const pathOf = ({ holder, id }: Subject): string => `${holder}/${id}`;

const written = (subject: Subject, patch: Doc): Written => ({
  kind: 'write',
  write: { path: pathOf(subject), patch: patchOf(subject, patch) },
});

const absent = (subject: Subject): Written => ({
  kind: 'impossible',
  what: `${pathOf(subject)} has no ${subject.kind === 'upstream' ? 'upstream of its own' : 'plugin ai-proxy-multi'}`,
  remedy: 'Name the object that holds it: an upstream, a route or a service.',
});
