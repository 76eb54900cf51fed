import { type Doc, docAt, isDoc } from './document';
import { isRefusal, refuses } from './refusal';

/** What has to be known of a route all the time. Its plugins are left out: they hold secrets. */
export interface Route {
  readonly id: string;
  readonly name?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly uris: readonly string[];
  /** Its own, or those of its service. */
  readonly hosts: readonly string[];
  readonly methods: readonly string[];
  readonly service?: string;
  /** Switched off (`status: 0`): APISIX routes nothing to it. */
  readonly off: boolean;
  /** Takes only some requests for its URI: by `vars`, the client's address or a function. */
  readonly narrowed: boolean;
  /** Refuses every request as Pullcord rewrote it. */
  readonly refuses: boolean;
  /** Bears Pullcord's refusal, whether that works or not. */
  readonly marked: boolean;
}

/** @param services the services by id, for the hosts that a route takes over from its own. */
export function routeOf(value: Doc, services: ReadonlyMap<string, Doc> = new Map()): Route {
  const service = value.service_id === undefined ? undefined : word(value.service_id);
  const own = [...texts(value.hosts), ...texts(value.host)];
  return {
    id: word(value.id),
    ...(typeof value.name === 'string' ? { name: value.name } : {}),
    ...(service === undefined ? {} : { service }),
    labels: Object.fromEntries(Object.entries(docAt(value, 'labels')).map(([key, label]) => [key, word(label)])),
    uris: [...texts(value.uris), ...texts(value.uri)],
    hosts: own.length > 0 || service === undefined ? own : texts(services.get(service)?.hosts),
    methods: texts(value.methods),
    off: value.status === 0,
    narrowed: ['vars', 'remote_addr', 'remote_addrs', 'filter_func'].some((key) => narrows(value[key])),
    refuses: refuses(value),
    marked: isRefusal(docAt(value, 'plugins')['fault-injection']),
  };
}

/** Ids may be numbers. What is nested is no word: to spell it out could take more stack than there is. */
const word = (value: unknown): string => (typeof value === 'object' ? '' : String(value));

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function narrows(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return !(Array.isArray(value) || isDoc(value)) || Object.keys(value).length > 0;
}
