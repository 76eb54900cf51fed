import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modulesOf } from './n8n-install';
import { runIn } from './npm';

const SOURCE = join(__dirname, '../../../n8n-nodes');
/** What stands in the folder of a developer, and in no package. */
const LOCAL = new Set(['node_modules', 'dist']);

/** The package `n8n-nodes-pullcord`, from its sources. */
export interface NodePackage {
  readonly name: string;
  /** `n8n-node lint`. @returns what it printed. @throws Error with that, when it finds anything. */
  lint(): Promise<string>;
  /** What is in the tarball that a user gets: paths inside the package. */
  readonly files: readonly string[];
  /** Unpacks the tarball as an installation does. */
  unpackInto(modules: string): Promise<void>;
  close(): void;
}

/** Copies the sources, builds them with `n8n-node build`, and packs them. */
export async function packNodes(): Promise<NodePackage> {
  const folder = mkdtempSync(join(tmpdir(), 'pullcord-n8n-nodes-'));
  const close = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, 'n8n-nodes');
    cpSync(SOURCE, copy, { recursive: true, filter: (path) => !LOCAL.has(path.slice(SOURCE.length + 1)) });
    const manifest = readFileSync(join(copy, 'package.json'), 'utf8');
    symlinkSync(await modulesOf('n8n-nodes', SOURCE), join(copy, 'node_modules'));
    const tool = (command: string) => runIn({ cwd: copy }, join(copy, 'node_modules/.bin/n8n-node'), command);
    await tool('build');
    await runIn({ cwd: copy }, 'npm', 'pack', '--ignore-scripts', '--pack-destination', folder);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) throw new Error('npm pack left no tarball');
    const listed = await runIn({ cwd: folder }, 'tar', '-tzf', tarball);
    const { name } = JSON.parse(manifest) as { name: string };
    return {
      ...{ name, close },
      lint: () => tool('lint'),
      files: listed
        .trim()
        .split('\n')
        .map((path) => path.replace(/^package\//, '')),
      unpackInto: async (modules) => {
        const target = join(modules, name);
        mkdirSync(target, { recursive: true });
        await runIn({ cwd: folder }, 'tar', '-xzf', tarball, '-C', target, '--strip-components=1', '--no-same-owner');
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}
