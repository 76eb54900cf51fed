import { PassThrough } from 'node:stream';
import { run } from '../../src/cli';
import { secretOf } from '../support/http';

export interface Called {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly url: string;
  /** The token's name; '' sets none. */
  readonly token?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What is typed; the input ends after it. */
  readonly input?: string;
}

/** Runs a command that talks to a door, to its end, without a process or a configuration of its own. */
export async function call(argv: readonly string[], { url, token = 'n8n', env, input = '' }: CallOptions) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const text = { stdout: '', stderr: '' };
  stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
  stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
  stdin.end(input);
  const variables = { PULLCORD_URL: url, ...(token === '' ? {} : { PULLCORD_TOKEN: secretOf(token) }), ...env };
  const code = await run(argv, { env: variables, stdin, stdout, stderr });
  const called: Called = { code, ...text };
  return called;
}
