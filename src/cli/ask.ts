import { createInterface } from 'node:readline';
import { type Cli, Failure } from './cli';

/** Who orders, as the command line says it. */
export interface Proof {
  readonly operator?: string;
  readonly code?: string;
}

/**
 * An operator and a code; what isn't given is asked for. Questions go to stderr: stdout is for what was asked for.
 * @throws Failure when the input ends, or when the code is none
 */
export async function askProof(
  { stdin, stderr }: Pick<Cli, 'stdin' | 'stderr'>,
  given: Proof,
): Promise<Required<Proof>> {
  const lines = createInterface({ input: stdin, terminal: false });
  try {
    const answers = lines[Symbol.asyncIterator]();
    const ask = async (question: string, option: string): Promise<string> => {
      stderr.write(`${question}: `);
      const answer = await answers.next();
      if (answer.done) throw new Failure(`\nThe input ended. Give ${option}.`, 2);
      return answer.value.trim();
    };
    const operator = given.operator ?? (await ask('Operator', '--operator'));
    if (operator === '') throw new Failure('No operator was named.', 2);
    const code = given.code ?? (await ask('The 6 digits that your app shows now', '--code'));
    return { operator, code: digitsOf(code) };
  } finally {
    lines.close();
  }
}

/** `492 039` and `492-039` are how people write it down. */
function digitsOf(text: string): string {
  const digits = text.replaceAll(/[\s-]/g, '');
  if (/^(\d{6}|\d{12})$/.test(digits)) return digits;
  throw new Failure('That is no code: your app shows 6 digits, a printed backup code has 12.', 2);
}
