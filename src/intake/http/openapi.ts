import { z } from 'zod';
import { type RefusalReason, reasons } from '../../orders/reasons';
import { webhooks } from './openapi-webhooks';
import { type Access, type Operation, operations, refusalsOf } from './operations';
import { components, eventStream, noBody } from './schemas';

type Json = Readonly<Record<string, unknown>>;

const named = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries(components)) named.add(schema, { id });

const refTo = (id: string): string => `#/components/schemas/${id}`;

/** The pattern that zod adds to `date-time` says the same at twenty times the length. */
function override({ jsonSchema }: { jsonSchema: { format?: string; pattern?: string } }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
}

/** @param io what is taken from outside is described as it is sent, what was parsed as it is then. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, override });
  return rest;
}

/** OpenAPI 3.1 (its dialect is JSON Schema 2020-12, which zod writes), made from the schemas that validate. */
export function openapi(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [id, operation] of Object.entries<Operation>(operations))
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(id, operation) };
  return {
    openapi: '3.1.1',
    info: {
      title: 'Pullcord',
      version,
      description: 'The internal API. Every refusal is a problem document (RFC 9457).',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { session: [] }],
    paths,
    webhooks: webhooks(refTo('Event')),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'One of api.tokens.' },
        session: {
          ...{ type: 'apiKey', in: 'cookie', name: '__Host-pullcord-session' },
          description:
            'Of the console (pullcord-session without https). What changes something takes X-Pullcord-Console: 1.',
        },
      },
      schemas: Object.fromEntries(
        Object.entries(z.toJSONSchema(named, { io: 'input', uri: refTo, override }).schemas).map(
          ([id, { $schema: _dialect, $id: _id, ...schema }]) => [id, schema],
        ),
      ),
    },
  };
}

function describe(operationId: string, operation: Operation): Json {
  const parameters = [
    ...parametersOf('path', operation.params),
    ...parametersOf('query', operation.query),
    ...(operation.headers ? parametersOf('header', operation.headers) : []),
  ];
  return {
    operationId,
    summary: operation.summary,
    ...securityOf(operation.access),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(operation.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(operation.body, 'input') } },
          },
        }
      : {}),
    responses: { ...answersOf(operation), ...refusalAnswers(refusalsOf(operation)) },
  };
}

/** Where it isn't either of both. */
function securityOf(access: Access): Json {
  if (access === 'open' || access === 'page') return { security: [] };
  if (access === 'session') return { security: [{ session: [] }] };
  return access === 'token' || access === 'events' || access === 'relay' ? { security: [{ bearer: [] }] } : {};
}

function parametersOf(place: 'path' | 'query' | 'header', schema: z.ZodType): Json[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'output') as {
    properties?: Record<string, Json>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...inner }]) => ({
    name: place === 'header' ? headerName(name) : name,
    in: place,
    ...(required.includes(name) ? { required: true } : {}),
    ...(description === undefined ? {} : { description }),
    schema: inner,
  }));
}

const headerName = (name: string): string => name.replace(/(^|-)[a-z]/g, (letters) => letters.toUpperCase());

const JSON_TYPE = 'application/json';

function answersOf({ answers, gives = JSON_TYPE }: Operation): Json {
  return Object.fromEntries(
    Object.entries(answers).map(([status, schema]) => {
      if (schema === eventStream) {
        const content = { 'text/event-stream': { schema: schemaOf(schema, 'output') } };
        return [status, { description: 'It goes on until one of both ends it.', content }];
      }
      if (schema === noBody) return [status, { description: descriptions[status] ?? '' }];
      const id = named.get(schema)?.id;
      if (id === undefined) throw new Error(`An answer ${status} has no name: add its schema to components.`);
      const content = { [status === '200' ? gives : JSON_TYPE]: { schema: { $ref: refTo(id) } } };
      return [status, { description: descriptions[status] ?? '', content }];
    }),
  );
}

const descriptions: Readonly<Record<string, string>> = {
  200: 'Done, or seen as it is.',
  201: 'Made.',
  202: 'Accepted and not yet settled, or waiting for a second operator.',
  204: 'Done.',
  503: 'The switch would not work now.',
};

/** One answer a status, as OpenAPI wants it; each names the reasons that have this status. */
function refusalAnswers(refusals: readonly RefusalReason[]): Json {
  const content = { 'application/problem+json': { schema: { $ref: refTo('Problem') } } };
  const byStatus = new Map<number, string[]>();
  for (const reason of refusals) {
    const { status, advice } = reasons[reason];
    byStatus.set(status, [...(byStatus.get(status) ?? []), `${reason}: ${advice}`]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, lines]) => [status, { description: lines.join('\n'), content }]),
  );
}
