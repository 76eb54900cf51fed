import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const FOLDER = join(__dirname, '../fixtures/litellm');

/** Texts rendered from LiteLLM's own metric definitions, by the number in their names. */
export function exposition(number: number): string {
  const name = readdirSync(FOLDER).find((file) => file.startsWith(`metrics-${number}-`));
  if (name === undefined) throw new Error(`no exposition ${number}`);
  return gunzipSync(readFileSync(join(FOLDER, name))).toString();
}

/** The keys of those texts. */
export const RESEARCH = '6973db5649683e269c271b3ddc9e17b01f7b1ee1bcf1106eab88ab139e745c56';
export const CODER = '0aaf75676386907977cdd49be1221dd391a8a95f22864fd0bd67a3b702d4c001';
export const BATCH = '38fcc73a9dc613f145bed24eb4123f92105c78567a6e563d43dbcb1f29927864';
export const PLAIN = 'd80248da6f814639176492522639f2b6054ee79ab0be97e8b749c58ffb59e6ca';
export const MASTER = '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b';
