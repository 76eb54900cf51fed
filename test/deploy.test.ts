import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { readConfig } from '../src/config/read';
import { hashOfKey } from '../src/config/virtual-key';
import { listen } from '../src/sandbox/apisix/listener';
import { startSandboxLiteLLM } from '../src/sandbox/litellm';

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, { ipv4_address?: string; aliases?: string[] }>>;
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { internal?: boolean; ipam?: { config: { subnet: string }[] } }>>;
  readonly volumes: Readonly<Record<string, object>>;
  readonly secrets: Readonly<Record<string, { file: string }>>;
}

const top = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(top, path), 'utf8');

const composeText = read('compose.yaml');
const compose: Compose = parse(composeText, { merge: true });
const services = Object.entries(compose.services);
const service = (name: string): Service => compose.services[name] ?? {};
const networksOf = ({ networks = [] }: Service): string[] =>
  Array.isArray(networks) ? [...networks] : Object.keys(networks);
const namesIn = (yaml: string, reference: RegExp): string[] =>
  [...new Set([...withoutComments(yaml).matchAll(reference)].map(([, name]) => name ?? ''))].sort();
const withoutComments = (yaml: string): string => yaml.replaceAll(/^\s*#.*$/gm, '');

const dockerfile = read('Dockerfile');
const stages = dockerfile.split(/^(?=FROM )/m).slice(1);
const runtime = stages.at(-1) ?? '';
const imageEnv = Object.fromEntries([...runtime.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name, value]));
const pkg: { bin: { pullcord: string } } = JSON.parse(read('package.json'));

/** One good value for each variable, as a person would fill them in. */
const samples: Readonly<Record<string, string>> = {
  PULLCORD_PUBLIC_URL: 'https://pullcord.example.org',
  PULLCORD_KEY: 'ab'.repeat(32),
  PULLCORD_N8N_TOKEN_SHA256: '0'.repeat(64),
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'token',
  TWILIO_NUMBER: '+15550100009',
  APISIX_ADMIN_KEY: 'admin',
  LITELLM_MASTER_KEY: 'sk-master',
  LITELLM_AGENT_KEY: 'sk-agent',
};

describe('compose.yaml', () => {
  const env = service('pullcord').environment ?? {};
  const secretsDir = '/run/secrets/';
  const config = () =>
    readConfig({
      env: {
        ...imageEnv,
        ...Object.fromEntries(
          Object.entries(env).map(([name, value]) => [name, value.startsWith('${') ? samples[name] : value]),
        ),
      },
      readFile: (path) =>
        path === '/etc/pullcord/pullcord.yaml'
          ? read('deploy/pullcord.compose.yaml')
          : (samples[path.replace(secretsDir, '').toUpperCase()] ?? ''),
    });

  it('gives Pullcord a configuration that is good', () => {
    const { config: good, warnings } = config();
    expect(warnings).toEqual([expect.stringMatching(/^listen\.internal: is not loopback/)]);
    expect(good.dataDir).toBe('/var/lib/pullcord');
    expect(good.redisUrl).toBe('redis://redis:6379');
    expect(good.cutters.litellm).toHaveLength(1);
    expect(good.tripwire).toMatchObject({ mode: 'observe', litellm: [{ token: samples.LITELLM_MASTER_KEY }] });
  });

  it('watches the key that it blocks, and that the agent is given', () => {
    const { tripwire, cutters } = config().config;
    const [blocked] = cutters.litellm.flatMap(({ keys }) => keys);
    expect(Object.values(tripwire?.keys ?? {}).map(({ key }) => key)).toEqual([hashOfKey(blocked ?? '')]);
    expect(blocked).toBe(samples.LITELLM_AGENT_KEY);
  });

  it('gives every variable that the configuration asks for, once', () => {
    for (const name of namesIn(read('deploy/pullcord.compose.yaml'), /\$\{([A-Z0-9_]+)\}/g))
      expect([name, [name, `${name}_FILE`].filter((given) => given in env)]).toEqual([name, [expect.any(String)]]);
  });

  it('tells its own command line where Pullcord listens', () => {
    expect(env.PULLCORD_URL).toBe(`http://${config().config.listen.internal}`);
  });

  it('asks for what .env.example names, and for nothing else', () => {
    const asked = namesIn(composeText, /\$\{([A-Z0-9_]+):\?/g);
    expect(asked).toEqual(namesIn(read('.env.example'), /^([A-Z0-9_]+)=/gm));
    expect(composeText.match(/\$\{(?![A-Z0-9_]+:\?)/g)).toBeNull();
  });

  it('hands out secrets as files that are there', () => {
    for (const [name, value] of Object.entries(env).filter(([name]) => name.endsWith('_FILE'))) {
      const secret = value.replace(secretsDir, '');
      expect([name, service('pullcord').secrets]).toEqual([name, expect.arrayContaining([secret])]);
      expect(read('.env.example')).toContain(compose.secrets[secret]?.file.replace('./', ''));
    }
  });

  it('publishes the public port of Pullcord and nothing else', () => {
    expect(services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]))).toEqual([
      ['pullcord', '8080:8080'],
    ]);
    expect(config().config.listen.public).toBe('0.0.0.0:8080');
    expect(networksOf(service('pullcord')).some((name) => compose.networks[name]?.internal !== true)).toBe(true);
  });

  it('leaves the agent alone with the gateway', () => {
    expect(compose.networks.agent?.internal).toBe(true);
    expect(services.filter(([, one]) => networksOf(one).includes('agent')).map(([name]) => name)).toEqual(['apisix']);
  });

  it('keeps the Admin API off the network of the agent', () => {
    const { apisix, deployment } = parse(read('deploy/apisix/config.yaml'));
    const networks = service('apisix').networks as Readonly<Record<string, { ipv4_address?: string }>>;
    const address = networks.management?.ipv4_address;
    expect(address).toBeDefined();
    expect(deployment.admin.admin_listen.ip).toBe(address);
    expect(apisix.control.ip).toBe(address);
    expect(deployment.admin.allow_admin).toEqual([
      '127.0.0.0/24',
      compose.networks.management?.ipam?.config[0]?.subnet,
    ]);
    expect(namesIn(read('deploy/apisix/config.yaml'), /"\$\{\{([A-Z_]+)\}\}"/g)).toEqual(
      Object.keys(service('apisix').environment ?? {}),
    );
  });

  it('keeps the internal listener on the management network, and looks for its health there', () => {
    const networks = service('pullcord').networks as Readonly<Record<string, { ipv4_address?: string }>>;
    const { internal } = config().config.listen;
    expect(internal).toBe(`${networks.management?.ipv4_address}:8081`);
    expect(JSON.stringify(service('pullcord').healthcheck)).toContain(`http://${internal}/healthz`);
  });

  it('names hosts that Pullcord shares a network with', () => {
    const { gateways, cutters, tripwire, redisUrl = '' } = config().config;
    const urls = [
      ...Object.values(gateways).flatMap((one) => [one.adminUrl, ...one.gatewayUrls, one.controlUrl ?? one.adminUrl]),
      ...cutters.litellm.map(({ url }) => url),
      ...(tripwire?.litellm ?? []).map(({ url }) => url),
      redisUrl,
    ];
    for (const url of urls) expect([url, reachable(new URL(url).hostname)]).toEqual([url, true]);
  });

  function reachable(host: string): boolean {
    const ours = networksOf(service('pullcord'));
    return services.some(([name, one]) =>
      networksOf(one).some((network) => {
        const attached = Array.isArray(one.networks) ? undefined : Object(one.networks)[network];
        return ours.includes(network) && (name === host || attached?.aliases?.includes(host));
      }),
    );
  }

  it.each(services)('%s: a pinned image, a health check, declared networks and volumes', (name, one) => {
    expect(one.image).toMatch(/:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
    expect(one.healthcheck !== undefined || one.build !== undefined).toBe(true);
    expect(networksOf(one).filter((network) => !(network in compose.networks))).toEqual([]);
    for (const volume of one.volumes ?? []) {
      const [source = ''] = volume.split(':');
      expect([
        name,
        source,
        source.startsWith('./') ? existsSync(join(top, source)) : source in compose.volumes,
      ]).toEqual([name, source, true]);
    }
    for (const [other, { condition }] of Object.entries(one.depends_on ?? {})) {
      expect(condition).toBe('service_healthy');
      expect(compose.services[other]?.healthcheck).toBeDefined();
    }
  });

  it('gives Pullcord no more than it needs of the machine', () => {
    expect(service('pullcord')).toMatchObject({
      ...{ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      ...{ ulimits: { core: 0 }, pids_limit: 256 },
    });
  });

  it('lets Pullcord start without anybody else', () => {
    expect(service('pullcord').depends_on).toBeUndefined();
  });
});

describe('Dockerfile', () => {
  it('starts what package.json calls pullcord, without a shell', () => {
    const [, cmd = ''] = /^CMD (.*)$/m.exec(runtime) ?? [];
    expect(JSON.parse(cmd)).toEqual(['node', pkg.bin.pullcord, 'serve']);
    const source = pkg.bin.pullcord.replace(/^dist/, 'src').replace(/\.js$/, '.ts');
    expect(existsSync(join(top, source))).toBe(true);
  });

  it('is not root, and runs on the dependencies of production, without their scripts', () => {
    expect(runtime).toMatch(/^USER node$/m);
    expect(runtime.indexOf('\nUSER')).toBeLessThan(runtime.indexOf('\nCMD'));
    const dependencies = stages.find((stage) => stage.includes(' AS dependencies'));
    expect(dependencies).toMatch(/^RUN npm ci --omit=dev --ignore-scripts$/m);
    expect(runtime).toContain('COPY --from=dependencies /app/node_modules');
    expect(new Set(stages.map((stage) => stage.split(/\s/)[1]))).toEqual(new Set(['node:24-bookworm-slim']));
  });

  it('copies only what is there and what .dockerignore lets in', () => {
    const admitted = read('.dockerignore')
      .split('\n')
      .flatMap((line) => /^!(.+)$/.exec(line)?.[1] ?? []);
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, list = '']) => list.split(' '));
    expect(copied.length).toBeGreaterThan(5);
    for (const path of copied) {
      expect([path, existsSync(join(top, path))]).toEqual([path, true]);
      expect(admitted).toContain(path);
    }
    expect(read('.dockerignore')).toMatch(/^\*$/m);
  });

  it('asks the internal listener for its health', () => {
    expect(dockerfile).toMatch(
      /HEALTHCHECK [^\n]*\\\n +CMD \["node", "-e", "fetch\('http:\/\/127\.0\.0\.1:8081\/healthz'\)/,
    );
  });
});

describe('deploy/pullcord.service', () => {
  const unit = read('deploy/pullcord.service');
  const values = (option: string): string[] =>
    [...unit.matchAll(new RegExp(`^${option}=(.*)$`, 'gm'))].map(([, value]) => value ?? '');

  it('starts the same program', () => {
    expect(values('ExecStart')).toEqual([`/usr/bin/node /opt/pullcord/${pkg.bin.pullcord} serve`]);
  });

  it('maps every credential to its variable', () => {
    const credentials = values('LoadCredential').map((value) => value.split(':')[0] ?? '');
    const given = credentials.map((name) => `${name.toUpperCase()}_FILE=%d/${name}`);
    expect(values('Environment').filter((value) => value.includes('_FILE='))).toEqual(given);
    expect(given).toHaveLength(3);
  });

  it('is hardened, and never gives up', () => {
    expect(values('Restart')).toEqual(['always']);
    expect(values('StartLimitIntervalSec')).toEqual(['0']);
    expect(values('NoNewPrivileges')).toEqual(['yes']);
    expect(values('ProtectSystem')).toEqual(['strict']);
    expect(values('StateDirectory')).toEqual(['pullcord']);
    expect(values('LimitCORE')).toEqual(['0']);
  });
});

describe('deploy/setup.mjs', () => {
  it('makes the route and the key once, and leaves alone what is there', async () => {
    const litellm = await startSandboxLiteLLM();
    const routes = new Map<string, unknown>();
    const admin = await listen({
      port: 0,
      onRequest: async (request, response) => {
        const url = request.url ?? '';
        if (request.headers['x-api-key'] !== 'admin') response.writeHead(401).end();
        else if (request.method === 'PUT') {
          routes.set(url, JSON.parse(await text(request)));
          response.writeHead(201).end('{}');
        } else response.writeHead(routes.has(url) ? 200 : 404).end('{}');
      },
    });
    const env = {
      APISIX_ADMIN_URL: admin.url,
      APISIX_ADMIN_KEY: 'admin',
      LITELLM_URL: litellm.url,
      LITELLM_MASTER_KEY: litellm.masterKey,
      LITELLM_AGENT_KEY: 'sk-agent',
    };
    expect(Object.keys(service('setup').environment ?? {})).toEqual(Object.keys(env));

    expect(await run(env)).toEqual({ code: 0, out: "route llm: made\nthe agent's virtual key: made\n" });
    const [[path, route] = []] = [...routes];
    expect(path).toBe('/apisix/admin/routes/llm');
    expect(route).toMatchObject({
      labels: { agent: 'openclaw', role: 'llm' },
      upstream: { nodes: { 'litellm:4000': 1 } },
    });

    routes.set('/apisix/admin/routes/llm', 'rewritten to refuse');
    expect(await run(env)).toEqual({
      code: 0,
      out: "route llm: there already\nthe agent's virtual key: there already\n",
    });
    expect(routes.get('/apisix/admin/routes/llm')).toBe('rewritten to refuse');

    expect((await run({ ...env, APISIX_ADMIN_KEY: 'wrong' })).code).toBe(1);
    await Promise.all([litellm.close(), admin.close()]);
  });

  async function run(env: Readonly<Record<string, string>>): Promise<{ code: number | null; out: string }> {
    const child = spawn(process.execPath, [join(top, 'deploy/setup.mjs')], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    return { out: await text(child.stdout), code: await ended };
  }
});

describe('deploy/litellm/config.yaml', () => {
  it('has a mock model with prices of its own, and counts for Prometheus', () => {
    const {
      model_list: models,
      litellm_settings: settings,
      general_settings: general,
    } = parse(read('deploy/litellm/config.yaml'));
    expect(models[0].litellm_params.mock_response).toEqual(expect.any(String));
    expect(models[0].model_info.output_cost_per_token).toBeGreaterThan(0);
    expect(settings.callbacks).toEqual(['prometheus']);
    expect(settings.require_auth_for_metrics_endpoint).toBe(true);
    expect(general.database_url).toBe('os.environ/DATABASE_URL');
    for (const name of namesIn(read('deploy/litellm/config.yaml'), /os\.environ\/([A-Z_]+)/g))
      expect(service('litellm').environment).toHaveProperty(name);
  });
});
