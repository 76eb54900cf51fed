import { createInterface } from 'node:readline';
import { generateURI } from 'otplib';
import { renderUnicodeCompact } from 'uqr';
import { clockOffsetSeconds, verifyCode } from '../operators/totp';
import { type Cli, Failure } from './cli';

const TRIES = 3;

/**
 * Shows a new secret, and sees that the person's app makes codes of it: an operator whose codes are wrong would learn
 * it on the worst day. The code stays good for an order for the 30 to 59 s that it lives: whoever saw it here saw the
 * secret itself, and a step noted on this machine's clock could make a STOP be refused on the service's.
 * @throws Failure after three wrong codes, or when the input ends
 */
export async function enrol(cli: Cli, operator: string, secret: string): Promise<void> {
  cli.say('Scan this with an authenticator app:');
  cli.say();
  cli.say(qrCode(generateURI({ issuer: 'Pullcord', label: operator, secret }), cli));
  cli.say();
  cli.say(`Or type it in by hand (time-based, 6 digits, 30 s, SHA-1): ${secret.replace(/(.{4})(?=.)/g, '$1 ')}`);
  cli.say();

  const lines = createInterface({ input: cli.stdin, terminal: false });
  try {
    const answers = lines[Symbol.asyncIterator]();
    for (let left = TRIES; left > 0; left--) {
      cli.stdout.write('The 6 digits that the app shows now: ');
      const answer = await answers.next();
      if (answer.done) throw new Failure('The input ended before a right code. Nothing was written.');
      const question = { secret, code: answer.value.replaceAll(/[\s-]/g, ''), now: cli.now() };
      if (verifyCode({ ...question, lastStep: -1 }).ok) return;
      cli.warn(`Wrong. ${hint(clockOffsetSeconds(question))}`);
    }
    throw new Failure(`${TRIES} wrong codes. Nothing was written; begin again.`);
  } finally {
    lines.close();
  }
}

function hint(offsetSeconds: number | undefined): string {
  if (offsetSeconds === undefined) return 'Wait for the next 6 digits.';
  const direction = offsetSeconds > 0 ? 'ahead of' : 'behind';
  return `The app's clock is about ${Math.abs(offsetSeconds)} s ${direction} this machine's: set both by the network.`;
}

/** Light blocks are drawn, dark ones left out: with colours fixed, so that it can be scanned on any theme. */
function qrCode(text: string, { stdout, env }: Pick<Cli, 'stdout' | 'env'>): string {
  const code = renderUnicodeCompact(text, { border: 2 });
  const coloured = 'isTTY' in stdout && stdout.isTTY === true && !env.NO_COLOR;
  return coloured ? code.replaceAll(/^.*$/gm, '\u001b[97;40m$&\u001b[0m') : code;
}
