import { once } from 'node:events';
import type { Rig } from '../rig';
import type { Stage } from './stage';

/** How often it is looked whether the app shows another code. Milliseconds. */
const LOOK_MS = 500;

/** Leaves all of it running until it is interrupted, for whoever wants to see the console: who signs in, and each code. */
export async function stay({ rig, say }: Pick<Stage, 'say'> & { readonly rig: Rig }): Promise<void> {
  say();
  say(`The console: ${rig.pullcord.internalUrl}/console/`);
  say(
    `Sign in as ${rig.alice.name} with the newest code; a restore takes one that comes after it. Ctrl-C ends it all.`,
  );
  let shown = '';
  const show = (): void => {
    const code = rig.alice.code();
    if (code !== shown) say(`   ${new Date().toTimeString().slice(0, 8)}   ${code}`);
    shown = code;
  };
  show();
  const timer = setInterval(show, LOOK_MS);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(timer);
}
