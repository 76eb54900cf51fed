import { type JsonObject, objectAt } from '../../json';
import type { Entry } from '../../store';

/** An upstream as it stands somewhere: in an object of its own, in a route, in a service. */
export interface Resource {
  /** Of the object that holds it, as in etcd. */
  readonly key: string;
  /** Grows with every write of that object. */
  readonly version: number;
  readonly conf: JsonObject;
}

/** Undefined where an object holds no upstream: a route may point at one. */
export function resourceOf({ key, value, modifiedIndex }: Entry): Resource | undefined {
  const conf = key.startsWith('/apisix/upstreams/') ? value : objectAt(value, 'upstream');
  return conf && { key, version: modifiedIndex, conf };
}
