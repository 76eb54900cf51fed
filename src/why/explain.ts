import { type Finding, type Layer, layers } from './finding';
import type { SubjectKind } from './subject';

export interface Verdict {
  /** Undefined: nobody could tell. */
  readonly refused?: boolean;
  readonly by?: Layer;
  readonly answer: string;
  readonly todo: string;
}

/**
 * Who refuses, and what would change it. Pure. Fails towards "nobody could tell": a layer that could not be asked clears
 * nobody, and only what was seen to refuse is said to.
 */
export function explain(kind: SubjectKind, findings: readonly Finding[]): Verdict {
  const culprits = findings.filter(({ verdict }) => verdict === 'refuses');
  const first = leading(culprits);
  if (first) return { refused: true, by: first.layer, ...blame(kind, culprits, findings, first) };
  const unknown = findings.filter(({ verdict }) => verdict === 'unknown');
  const passing = findings.filter(({ verdict }) => verdict === 'passes');
  if (unknown.length > 0) return inDoubt(unknown, findings);
  if (passing.length === 0) return { answer: 'Nobody could be asked.', todo: OTHERWISE[kind] };
  const told = kind === 'request' ? passing.find(({ answer }) => answer !== undefined) : undefined;
  if (told?.answer !== undefined) return { refused: false, answer: told.answer, todo: NOTHING };
  return { refused: false, answer: `Nobody refuses it now: ${asked(passing)} let it pass.`, todo: OTHERWISE[kind] };
}

/** The gateway shows what others decide, and the ledger why: whoever holds the cut stands before them. */
function leading(culprits: readonly Finding[]): Finding | undefined {
  const rank = ({ layer }: Finding): number => (layer === 'gateway' ? 2 : layer === 'ledger' ? 1 : 0);
  return [...culprits].sort((a, b) => rank(a) - rank(b) || layers.indexOf(a.layer) - layers.indexOf(b.layer))[0];
}

function blame(
  kind: SubjectKind,
  culprits: readonly Finding[],
  findings: readonly Finding[],
  first: Finding,
): Pick<Verdict, 'answer' | 'todo'> {
  const cut = culprits.filter((finding) => finding.cut);
  const why = cut.length > 0 ? findings.filter(({ layer, answer }) => layer === 'ledger' && answer !== undefined) : [];
  const blocked = cut.filter(({ layer }) => layer === 'litellm');
  // Each but once: the ledger speaks for every cut.
  const speaking = first.cut && why.length > 0 ? [...why, ...blocked] : [first];
  const strangers = culprits.filter(({ cut: ours, answer }) => !ours && answer !== undefined);
  const all = [...new Set([...speaking, ...(first.cut ? [] : why), ...strangers])];
  const leaks =
    cut.length > 0 ? findings.filter(({ layer, verdict }) => layer === 'gateway' && verdict === 'passes') : [];
  const still =
    leaks.length > 0 ? ` Gateway ${leaks.map(({ name }) => name).join(', ')} was still seen to let it through.` : '';
  const [answer = '', ...besides] = all.map((finding) => sentence(finding.answer ?? finding.text));
  const doing = all.filter((one) => one.layer === 'ledger' || !(one.cut && why.length > 0));
  const todo = [...new Set(doing.map((finding) => finding.todo).filter((one) => one !== undefined))];
  return {
    answer: `${[answer, ...besides.map((one) => `Besides: ${one}`)].join(' ')}${still}`,
    todo: todo.join(' ') || OTHERWISE[kind],
  };
}

function inDoubt(unknown: readonly Finding[], findings: readonly Finding[]): Verdict {
  const shown = unknown
    .slice(0, DOUBTS)
    .map(({ layer, name, text }) => `${capital(called(layer, name))}: ${sentence(text)}`);
  const passing = findings.filter(({ verdict }) => verdict === 'passes');
  const clear = passing.length > 0 ? [`${capital(asked(passing))} let it pass.`] : [];
  const todo = [...new Set(unknown.map((finding) => finding.todo).filter((one) => one !== undefined))];
  const first = isCleared(findings)
    ? 'Pullcord does not refuse it; whether somebody else does is not certain.'
    : 'Nobody was seen to refuse it, and not all could be asked.';
  return {
    answer: [first, ...shown, ...clear].join(' '),
    todo: todo.join(' ') || 'Ask again when all can be asked; until then it may be any of those.',
  };
}

const DOUBTS = 3;
const OWN: readonly Layer[] = ['routes', 'clamp', 'guard', 'ledger'];

/** Every gateway answered, and not with a cut; nothing of Pullcord's is in doubt. */
function isCleared(findings: readonly Finding[]): boolean {
  const own = findings.filter(({ layer }) => OWN.includes(layer));
  const gateways = findings.filter(({ layer, verdict }) => layer === 'gateway' && verdict !== 'skipped');
  return (
    own.every(({ verdict }) => verdict !== 'unknown') &&
    ['clamp', 'ledger'].every((layer) => own.some((one) => one.layer === layer && one.verdict === 'passes')) &&
    gateways.length > 0 &&
    gateways.every(({ heard }) => heard)
  );
}

const NOTHING = 'Nothing: pullcord status tells how the scopes stand now.';

const OTHERWISE: Readonly<Record<SubjectKind, string>> = {
  request: 'Ask by the path, or by the key: pullcord why POST https://host/path',
  path: "If it is refused all the same, ask by its key, too, and look into the upstream's own log.",
  key: 'If it is refused all the same, ask by the path, too: pullcord why POST https://host/path',
  scope: 'If a request is refused all the same, ask by its path or its key.',
};

const asked = (findings: readonly Finding[]): string =>
  [...new Set(findings.map(({ layer, name }) => called(layer, name)))].join(', ');

function called(layer: Layer, name: string | undefined): string {
  if (layer === 'ledger') return 'the ledger';
  const of = name === undefined ? '' : ` ${name}`;
  return layer === 'litellm'
    ? `LiteLLM${of}`
    : layer === 'gateway'
      ? `gateway${of}`
      : `the ${layer === 'routes' ? 'routes' : layer}${name === undefined ? '' : ` of ${name}`}`;
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
