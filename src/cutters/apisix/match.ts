import type { RouteSelector, ScopeConfig } from '../../config/schema';
import { globMatches } from './glob';
import type { Route } from './route';

type Selection = Pick<ScopeConfig, 'routes' | 'except'>;

/** Whether the scope holds this route. */
export const chooses = (scope: Selection, route: Route): boolean =>
  scope.routes.some((selector) => matches(selector, route)) &&
  !scope.except.some((selector) => matches(selector, route));

/** The routes that each scope holds, by the name of the scope. */
export function chosen(
  scopes: Readonly<Record<string, Selection>>,
  routes: Iterable<Route>,
): ReadonlyMap<string, readonly Route[]> {
  const all = [...routes];
  return new Map(Object.entries(scopes).map(([name, scope]) => [name, all.filter((route) => chooses(scope, route))]));
}

/** All keys of one selector have to match. */
function matches(selector: RouteSelector, route: Route): boolean {
  const { id, name, label, uri, service } = selector;
  return (
    (id === undefined || id === route.id) &&
    (name === undefined || (route.name !== undefined && globMatches(name, route.name))) &&
    (label === undefined || hasLabel(label, route.labels)) &&
    (uri === undefined || route.uris.some((pattern) => globMatches(uri, pattern))) &&
    (service === undefined || service === route.service)
  );
}

/** `key`, or `key=value`. APISIX allows `=` in a key: the whole text is tried as a key first. */
function hasLabel(label: string, labels: Route['labels']): boolean {
  if (Object.hasOwn(labels, label)) return true;
  const at = label.indexOf('=');
  if (at === -1) return false;
  const key = label.slice(0, at);
  return Object.hasOwn(labels, key) && labels[key] === label.slice(at + 1);
}
