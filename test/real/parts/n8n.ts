import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until';
import { type N8nProgram, n8nProgram } from './n8n-install';
import { createRest, type N8nRest } from './n8n-rest';
import { runIn } from './npm';
import { asUser, dataFolder, freePort, type Server, startServer, steadyPort } from './server';

/** An n8n that has not been started yet: its command line works already. */
export interface N8nFolder {
  readonly program: N8nProgram;
  /** `N8N_USER_FOLDER`: also a folder that the user who runs it may read and write. */
  readonly userFolder: string;
  /** Where a package that a user installs is unpacked. */
  readonly packages: string;
  readonly url: string;
  /**
   * Runs `n8n` with these arguments, beside the server if there is one.
   * @returns what it printed.
   * @throws Error with the end of what it printed, when it exits with anything but 0.
   */
  cli(...args: string[]): Promise<string>;
  start(): Promise<N8n>;
  remove(): void;
}

export interface N8n extends Server, N8nRest {}

/** 9 s on an idle machine of two cores. Milliseconds. */
const START_WITHIN_MS = 120_000;

const off = (...names: string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, 'false']));

/** It calls nobody but us, and asks nobody anything. */
const QUIET = {
  ...off('N8N_DIAGNOSTICS_ENABLED', 'N8N_VERSION_NOTIFICATIONS_ENABLED', 'N8N_TEMPLATES_ENABLED'),
  ...off('N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED', 'N8N_DYNAMIC_BANNERS_ENABLED', 'N8N_HIRING_BANNER_ENABLED'),
  ...off('N8N_PERSONALIZATION_ENABLED', 'N8N_LICENSE_AUTO_RENEW_ENABLED', 'N8N_VERIFIED_PACKAGES_ENABLED'),
  N8N_DISABLED_MODULES:
    'mcp,mcp-registry,instance-ai,agents,agent-evals,chat-hub,insights,quick-connect,workflow-builder,instance-registry,otel',
};

export async function prepareN8n(): Promise<N8nFolder> {
  const program = await n8nProgram();
  const userFolder = dataFolder('n8n');
  const packages = join(userFolder, '.n8n/nodes/node_modules');
  await runIn({ cwd: userFolder }, ...asUser(['mkdir', '-p', packages]));
  const [port, broker] = [await steadyPort(), await steadyPort()];
  const url = `http://127.0.0.1:${port}`;
  const command = (...args: string[]) => [program.node, program.script, ...args] as [string, ...string[]];
  const env = {
    ...{ PATH: [join(program.node, '..'), process.env.PATH].join(':'), HOME: userFolder, TMPDIR: userFolder },
    ...{ N8N_USER_FOLDER: userFolder, N8N_LISTEN_ADDRESS: '127.0.0.1', N8N_PORT: String(port) },
    ...{ N8N_RUNNERS_BROKER_PORT: String(broker), N8N_ENCRYPTION_KEY: randomBytes(24).toString('hex') },
    ...{ N8N_SECURE_COOKIE: 'false', N8N_WEBHOOK_URL: `${url}/`, GENERIC_TIMEZONE: 'UTC' },
    ...QUIET,
  };
  return {
    ...{ program, userFolder, url, packages },
    remove: () => rmSync(userFolder, { recursive: true, force: true }),
    cli: async (...args) => {
      // The server's broker has its own port.
      const own = { ...env, N8N_RUNNERS_BROKER_PORT: String(await freePort()) };
      return runIn({ cwd: userFolder, env: own }, ...asUser(command(...args)));
    },
    start: async () => {
      const server = await startServer({
        ...{ url, env, dataDir: userFolder, command: command('start'), stopSignal: 'SIGTERM' },
        startWithinMs: START_WITHIN_MS,
        ready: async () => {
          const answer = await fetch(`${url}/healthz/readiness`, { signal: AbortSignal.timeout(5_000) });
          await answer.body?.cancel();
          if (!answer.ok) throw new Error(`${answer.status}`);
        },
      });
      try {
        const rest = await until(() => createRest(url).catch(() => undefined), START_WITHIN_MS, 200);
        return { ...server, ...rest };
      } catch (error) {
        await server.remove();
        throw error;
      }
    },
  };
}
