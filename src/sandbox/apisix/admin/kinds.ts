import { schemas } from './schemas';
import type { Schema } from './validator';

/** One sort of object that the Admin API keeps: its segment of the path, its name in messages, what it can't do. */
export interface Kind {
  readonly segment: string;
  readonly label: string;
  readonly schema: Schema;
  readonly unsupported: readonly ('POST' | 'PATCH')[];
  /** `filter=` of a list knows these fields. */
  readonly filterFields?: readonly string[];
  /** Its plugins are a consumer's: another schema, other encrypted fields. */
  readonly ofConsumer?: true;
  /** The id is the user's name or the plugin's, and stands in no `id` field of the body. */
  readonly namesItself?: true;
  /** Who may not lose it: kinds that point at it, by which field, and how the refusal begins. */
  readonly heldBy?: readonly { readonly segment: string; readonly field: string; readonly label: string }[];
  readonly refusal?: string;
}

const route = { segment: 'routes', label: 'route' };

export const KINDS: readonly Kind[] = [
  {
    ...route,
    schema: schemas.route,
    unsupported: [],
    filterFields: ['service_id', 'upstream_id'],
  },
  {
    segment: 'services',
    label: 'service',
    schema: schemas.service,
    unsupported: [],
    heldBy: [{ ...route, field: 'service_id' }],
    refusal: 'can not delete this service directly',
  },
  {
    segment: 'upstreams',
    label: 'upstream',
    schema: schemas.upstream,
    unsupported: [],
    heldBy: [
      { ...route, field: 'upstream_id' },
      { segment: 'services', label: 'service', field: 'upstream_id' },
    ],
    refusal: 'can not delete this upstream',
  },
  {
    segment: 'consumers',
    label: 'consumer',
    schema: schemas.consumer,
    unsupported: ['POST', 'PATCH'],
    ofConsumer: true,
    namesItself: true,
  },
  {
    segment: 'credentials',
    label: 'credential',
    schema: schemas.credential,
    unsupported: ['POST', 'PATCH'],
    ofConsumer: true,
  },
  {
    segment: 'consumer_groups',
    label: 'consumer group',
    schema: schemas.consumer_group,
    unsupported: ['POST'],
    heldBy: [{ segment: 'consumers', label: 'consumer', field: 'group_id' }],
    refusal: 'can not delete this consumer group',
  },
  { segment: 'global_rules', label: 'global rule', schema: schemas.global_rule, unsupported: ['POST'] },
  {
    segment: 'plugin_configs',
    label: 'plugin config',
    schema: schemas.plugin_config,
    unsupported: ['POST'],
    heldBy: [{ ...route, field: 'plugin_config_id' }],
    refusal: 'can not delete this plugin config',
  },
  {
    segment: 'plugin_metadata',
    label: 'plugin_metadata',
    schema: schemas.plugin_metadata,
    unsupported: ['POST', 'PATCH'],
    namesItself: true,
  },
];

export const kindOf = (segment: string): Kind | undefined => KINDS.find((kind) => kind.segment === segment);

/** Where all keys stand in etcd. */
export const ROOT = '/apisix';
