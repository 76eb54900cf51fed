import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';

/**
 * An empty embedded Postgres: in memory, or in a folder that doesn't exist yet. Whoever asks closes it.
 *
 * Making a database takes 2-3 s, so one is made once a machine and its image is loaded from then on (0.3-0.5 s).
 */
export async function freshPglite(dataDir?: string): Promise<PGlite> {
  const image = await readFile(imageFile).catch(makeImage);
  return PGlite.create({ ...(dataDir !== undefined && { dataDir }), loadDataDir: new Blob([image]) });
}

const imageFile = join(__dirname, '../../node_modules/.cache/pullcord', `pglite-${installedVersion()}.tar`);

function installedVersion(): string {
  const manifest = join(require.resolve('@electric-sql/pglite'), '../../package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** Several jest workers may come here at once: each writes a draft of its own, and the last rename stands. */
async function makeImage(): Promise<Uint8Array<ArrayBuffer>> {
  const db = await PGlite.create();
  const image = new Uint8Array(await (await db.dumpDataDir('none')).arrayBuffer());
  await db.close();
  const draft = `${imageFile}.${process.pid}`;
  await mkdir(join(imageFile, '..'), { recursive: true });
  await writeFile(draft, image);
  await rename(draft, imageFile);
  return image;
}
