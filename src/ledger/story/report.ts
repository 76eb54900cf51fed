import { markdownText as text } from '../../markdown';
import type { Incident } from '../incident';
import type { Cost, Sum } from './cost';
import type { ObjectDiff } from './objects';
import type { Step } from './steps';
import type { Story } from './story';

const ASK = [
  '- Why did it begin, and who could have seen it earlier?',
  '- Did anybody have to look for a phone, a code or a right?',
  '- What of the cut was not wanted?',
].join('\n');

/** Rows of the table of changes, and characters of a value in it. */
const [ROWS, LONGEST] = [100, 120];

/**
 * The draft of a post-mortem, in GitHub's Markdown. What only people know is left to them, as headings. Pure; what came
 * from outside is escaped.
 */
export function reportOf(incident: Incident, { timeline, objects, cost, truncated }: Story): string {
  const { number, scope, openedAt } = incident;
  return [
    `# Incident ${number}: ${text(scope)}`,
    "A draft from Pullcord's ledger. Times are UTC; what only people know is left to you.",
    '## Summary',
    summary(incident).join('\n'),
    '## Impact',
    impact(cost).join('\n'),
    '## Timeline',
    ...(truncated ? ['More happened than is told here: `pullcord ledger show` has every line.'] : []),
    table(
      ['Time', 'After', 'Who', 'What', 'Line'],
      timeline.map((step) => row(step, openedAt)),
    ),
    '## Changes at the gateways',
    ...changes(objects),
    '## What went well',
    '',
    '## What did not',
    '',
    '## What to ask',
    ASK,
    '## What is to be done',
    '',
  ]
    .join('\n\n')
    .replace(/\n{3,}/g, '\n\n');
}

function summary({ scope, openedBy, reason, openedAt, severedAt, closedAt, orders }: Incident): string[] {
  const lasted = closedAt === undefined ? '' : `, after ${duration(closedAt - openedAt)}`;
  return [
    `- **What:** ${text(scope)} was severed by ${text(openedBy)} at ${time(openedAt)}${reason === undefined ? '' : `: ${text(reason)}`}`,
    severedAt === undefined
      ? '- **Cut:** not yet seen at every gateway'
      : `- **Cut:** seen at every gateway at ${time(severedAt)}, after ${duration(severedAt - openedAt)}`,
    closedAt === undefined ? '- **Restored:** not yet' : `- **Restored:** seen at ${time(closedAt)}${lasted}`,
    `- **Orders:** ${orders.join(', ')}`,
  ];
}

function impact(cost: Cost | undefined): string[] {
  if (!cost) return ['The tripwire saw nothing of it.'];
  return [
    `- **Began:** ${time(cost.from)}, as far as could be seen`,
    `- **Spent until the cut was seen:** ${sum(cost.spent)}; beyond the usual: ${sum(cost.beyondUsual)}`,
    `- **In the last minutes before the cut:** ${sum(cost.perMinute)} a minute`,
    `- **Saved, by an estimate:** ${sum(cost.saved)}. ${text(cost.estimate)}`,
  ];
}

const sum = ({ usd, tokens }: Sum): string =>
  [
    ...(usd === undefined ? [] : [`${usd.toFixed(2)} USD`]),
    ...(tokens === undefined ? [] : [`${Math.round(tokens)} tokens`]),
  ].join(', ') || 'not known';

const row = ({ seq, at, who = '', text: what }: Step, openedAt: number): string[] => [
  ...[time(at), since(at - openedAt), text(who), text(what), seq === undefined ? '' : String(seq)],
];

function changes(objects: readonly ObjectDiff[]): string[] {
  const rows = objects.flatMap(({ gateway, object, restored, changes: all }) =>
    all.map(({ path, before, after }) => [
      ...[text(gateway), text(object), text(path) || 'all of it', value(before), value(after), restored ? 'yes' : 'no'],
    ]),
  );
  if (rows.length === 0) return ['None is on paper.'];
  const more = rows.length > ROWS ? [`And ${rows.length - ROWS} more: the JSON has them.`] : [];
  const heads = ['Gateway', 'Object', 'Field', 'Before', 'After', 'Again as it was'];
  return [table(heads, rows.slice(0, ROWS)), ...more];
}

function value(one: unknown): string {
  if (one === undefined) return 'nothing';
  const json = JSON.stringify(one);
  return text(json.length > LONGEST ? `${json.slice(0, LONGEST)}...` : json);
}

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** To the second; a step's own place is in the column beside it. */
const time = (at: number): string =>
  new Date(at)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');

/** `+1.250 s`, `-5 min 0 s`. */
export const since = (ms: number): string => `${ms < 0 ? '-' : '+'}${duration(Math.abs(ms))}`;

export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 3 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
