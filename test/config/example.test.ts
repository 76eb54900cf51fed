import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema, type JsonSchema } from '../../src/config/json-schema';
import { readConfig } from '../../src/config/read';

const top = join(__dirname, '../..');
const example = readFileSync(join(top, 'pullcord.example.yaml'), 'utf8');
const env = {
  PULLCORD_KEY: 'ab'.repeat(32),
  APISIX_ADMIN_KEY: 'admin',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'token',
  TWILIO_NUMBER: '+15550100009',
};

const read = (yaml: string, variables: Readonly<Record<string, string>>) =>
  readConfig({ path: '/etc/pullcord/pullcord.yaml', env: variables, readFile: () => yaml });

describe('pullcord.example.yaml', () => {
  it('is a good configuration, without a warning', () => {
    const { config, warnings } = read(example, env);
    expect(Object.keys(config.scopes)).toEqual(['agent', 'llm', 'fallback']);
    expect(config.sms.twilio?.authTokens).toEqual(['token']);
    expect(warnings).toEqual([]);
  });

  it('is one, too, with all that is commented out', () => {
    const whole = example.replaceAll(
      /^( *)# ((?:api|console|cutters|fallbacks|guard|heartbeat|lastResort|metricsUrls|relayUrls|tracing|tripwire|webhooks):| {2}.*)$/gm,
      '$1$2',
    );
    const { config } = read(whole, {
      ...{ ...env, LITELLM_ADMIN_KEY: 'a', LITELLM_AGENT_KEY: 'sk-b', N8N_WEBHOOK_SECRET: 'c' },
      PULLCORD_GUARD_SECRET: 'f'.repeat(32),
      PULLCORD_OPENID_SECRET: 'g',
      PULLCORD_HEARTBEAT_URL: 'https://watcher.example.org/ping',
      ...{ LITELLM_METRICS_KEY: 'd', LITELLM_VIEWER_KEY: 'e' },
    });
    expect(config.api.tokens).toHaveLength(1);
    expect(config.console.openid?.roles).toMatchObject({ 'pullcord-stop': ['stop', 'status'] });
    expect(config.sms.twilio?.relayUrls).toHaveLength(1);
    expect(config.cutters.litellm).toHaveLength(1);
    expect(config.lastResort?.command).toHaveLength(2);
    expect(config.notify.webhooks).toHaveLength(1);
    expect(config.fallbacks.fallback?.decide).toBe('ask');
    expect(config.gateways.main?.metricsUrls).toHaveLength(1);
    expect(config.gateways.main?.guard?.controlUrls).toHaveLength(1);
    expect(config.tripwire).toMatchObject({ mode: 'observe', scope: 'agent', defaults: { dailyBudgetUsd: 20 } });
    expect(Object.keys(config.tripwire?.keys ?? {})).toEqual(['agent-1', 'nightly-batch']);
  });

  it('tells editors where its schema is', () => {
    const [, schema] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(example) ?? [];
    expect(() => readFileSync(join(top, schema ?? 'not named'))).not.toThrow();
  });
});

describe('docs/pullcord.schema.json', () => {
  const published: unknown = JSON.parse(readFileSync(join(top, 'docs/pullcord.schema.json'), 'utf8'));

  it('is current: else run `node dist/cli/index.js config-schema > docs/pullcord.schema.json`', () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  it('does not ask for what the environment gives, and lets variables stand in the place of values', () => {
    const { required, properties } = configJsonSchema();
    expect(required).toEqual(['publicUrl', 'gateways', 'scopes']);
    const publicUrl = new RegExp(String(properties?.publicUrl?.pattern));
    expect(['https://a', `\${PUBLIC_URL}`, 'ftp://a'].map((value) => publicUrl.test(value))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('explains every option', () => {
    expect(unexplained(configJsonSchema(), '')).toEqual([]);
  });
});

/** Paths of the options that have no description. */
function unexplained(schema: JsonSchema, path: string): string[] {
  const inner = [schema.items, schema.additionalProperties].filter((any): any is JsonSchema => any instanceof Object);
  return [
    ...inner.flatMap((any) => unexplained(any, `${path}.*`)),
    ...Object.entries(schema.properties ?? {}).flatMap(([option, of]) => [
      ...(of.description ? [] : [`${path}.${option}`]),
      ...unexplained(of, `${path}.${option}`),
    ]),
  ];
}
