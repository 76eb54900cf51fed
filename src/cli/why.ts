import { Option } from 'commander';
import { deriveKeys, parseMasterKey } from '../config/secrets';
import { hashOfKey } from '../config/virtual-key';
import { standingIn } from '../fallback/holders';
import type { WhyAnswer } from '../intake/http/why-schema';
import { type Reading, readLedger } from '../ledger/reading';
import { liveLatch } from '../orders/decide';
import { jsonLine, printable } from '../printable';
import { createWhy, type Paper, type SubjectKind } from '../why';
import { paperOf } from '../why/ledger';
import { BARE_KEY, subjectKinds } from '../why/subject';
import { apiOf, withApi } from './api-options';
import { type Cli, Failure, type Register } from './cli';
import { isOffline, type LedgerOptions } from './ledger-offline';

interface WhyOptions extends LedgerOptions {
  readonly as?: SubjectKind;
}

const HELP = `
A subject is a request id, a path (/v1/x, POST /v1/x, https://host/v1/x), a LiteLLM key (sk-…, its SHA-256 or its alias)
or a scope. A key is hashed here, and goes no further in clear. A path's query is cut off.

Nothing is changed, and nothing is generated: gateways get HEAD or OPTIONS, or a probe of the configuration. When no
Pullcord listens there and --url is not given, or with --offline, the gateways, LiteLLM and the ledger are asked from
here, by the configuration.

Exit code 0: nobody refuses; 1: somebody does, or nobody could tell; 2: wrong use.`;

export const registerWhy: Register = (cli) => {
  const command = cli.program
    .command('why')
    .description('say who refuses a request, and what would change it')
    .argument('<subject...>', 'a request id, a path, a key or a scope')
    .addOption(new Option('--as <kind>', 'what it is to be taken for').choices(subjectKinds))
    .option('--offline', 'ask from here, without Pullcord');
  withApi(command)
    .addHelpText('after', HELP)
    .action(async (words: readonly string[], options: WhyOptions) => {
      const subject = harmlessSubject(words.join(' ').trim());
      const found = await ((await isOffline(cli, options, 'asking from here'))
        ? fromHere(cli, subject, options)
        : apiOf(cli, options).why({ subject, ...(options.as ? { as: options.as } : {}) }));
      if (options.json) cli.say(jsonLine(found));
      else sayAnswer(cli, found);
      if (found.refused === undefined) throw new Failure('Nobody could tell for certain.');
      if (found.refused) throw new Failure(`Refused: by ${found.by}.`);
    });
};

/** What may be sent on: a key becomes its hash, a path loses its query. @throws Failure */
function harmlessSubject(text: string): string {
  if (text === '') throw new Failure('Name a request id, a path, a key or a scope.', 2);
  if (/^sk-\S+$/.test(text)) return hashOfKey(text) ?? text;
  const bare = text.split(/[?#]/)[0] ?? '';
  if (BARE_KEY.test(bare))
    throw new Failure('A key stands in the middle of it. Ask by the key alone, or leave it out.', 2);
  return bare;
}

/** @throws Failure, ConfigError */
async function fromHere(cli: Cli, subject: string, { as }: WhyOptions): Promise<WhyAnswer> {
  const config = cli.config();
  const { reading, paper, standing } = await ledgerOf(cli, config);
  try {
    const found = await createWhy({ config, paper, standing, now: cli.now }).ask(subject, as);
    if (found === 'busy') throw new Failure('Too much at once.');
    if ('fault' in found) throw new Failure(`${found.fault}.`, 2);
    const { findings, ...verdict } = found;
    return {
      ...verdict,
      findings: findings.map(({ layer, name, verdict: seen, text, evidence }) => ({
        ...{ layer, name, verdict: seen, text, evidence: evidence && { ...evidence } },
      })),
    };
  } finally {
    await reading?.close();
  }
}

/** Of a page of the ledger: nobody waits for a stop here. Milliseconds. */
const TIMEOUT_MS = 10_000;

/** One that can't be read is an answer, too: what it would have said stays unknown. */
async function ledgerOf(cli: Cli, config: ReturnType<Cli['config']>) {
  const keys = deriveKeys(parseMasterKey(config.key));
  let reading: Reading | undefined;
  try {
    reading = await readLedger({ config, keys, now: cli.now, timeoutMs: TIMEOUT_MS });
    const { store } = reading;
    const state = await store.refresh();
    const latches = Object.keys(config.scopes).map((scope) => state.latches.get(scope) ?? liveLatch(scope));
    const paper: Paper = { ...paperOf(store), latches: () => latches };
    return { reading, paper, standing: (name: string) => standingIn(state, config, name, cli.now()) };
  } catch (error) {
    await reading?.close();
    const why = error instanceof Error ? error.message : String(error);
    cli.warn(`The ledger cannot be read: ${printable(why)}`);
    const fail = async (): Promise<never> => {
      throw new Error(why);
    };
    const paper: Paper = { latches: () => undefined, order: fail, about: fail, recall: fail };
    return { reading: undefined, paper, standing: () => undefined };
  }
}

const MARKS = { refuses: '!', unknown: '?', passes: ' ', skipped: '-' } as const;
const LAYER = 9;

function sayAnswer({ say }: Pick<Cli, 'say'>, { answer, todo, findings }: WhyAnswer): void {
  say(printable(answer));
  say(printable(`-> ${todo}`));
  say();
  for (const { layer, name, verdict, text } of findings)
    say(printable(`${MARKS[verdict]} ${layer.padEnd(LAYER)}${name === undefined ? '' : `${name}: `}${text}`));
}
