import { type Cell, COMPONENTS, type Component, cells, componentNames, moments, nameOf } from './components';
import type { Played } from './run';

/** The table of docs/reliability.md: written by the run, row by row, so that a run of some cells keeps the others. */

const BEGIN = '<!-- made by `npm run matrix`: do not edit -->';
const END = '<!-- end of what `npm run matrix` makes -->';
const NOT_PLAYED = '?';
const FAILED = 'FAILED';

/** What stands in a cell: seconds; and for how long the gateway was open, where it was. */
export const textOf = ({ ms, broken, openedMs }: Played): string => {
  if (ms === undefined || broken.length > 0) return FAILED;
  return openedMs > 0 ? `${seconds(ms)}, opened ${seconds(openedMs)}` : seconds(ms);
};

const seconds = (ms: number): string => (ms < 100 ? '<0.1' : (ms / 1_000).toFixed(1));

/** The document with these results in it; what they don't speak of stays. */
export function written(document: string, played: Iterable<Played>): string {
  const texts = read(document);
  for (const one of played) texts.set(nameOf(one), textOf(one));
  const [before, after] = around(document);
  return `${before}${BEGIN}\n\n${render(texts)}\n${END}${after}`;
}

/** Cells of the document that broke a law when they were played. */
export const failedIn = (document: string): readonly string[] =>
  [...read(document)].flatMap(([name, text]) => (text === FAILED ? [name] : []));

/** Whether the document's table names exactly the cells that there are, as it would be written. */
export const isInForm = (document: string): boolean => written(document, []) === document;

function around(document: string): [before: string, after: string] {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error('docs/reliability.md has lost the marks of its table');
  return [document.slice(0, begin), document.slice(end + END.length)];
}

function read(document: string): Map<string, string> {
  const texts = new Map<string, string>();
  const [before, after] = around(document);
  let component = '';
  for (const line of document.slice(before.length, document.length - after.length).split('\n')) {
    const [, heading] = /^### (.*)$/.exec(line) ?? [];
    component = heading ?? component;
    const [fault, ...columns] = line.split('|').slice(1, -1);
    for (const [index, text] of columns.entries())
      texts.set(`${component}, ${fault?.trim()}, ${moments[index]}`, text.trim());
  }
  const known = new Set(cells.map(nameOf));
  return new Map([...texts].filter(([name]) => known.has(name)));
}

function render(texts: ReadonlyMap<string, string>): string {
  const all = cells.map((cell) => texts.get(nameOf(cell)) ?? NOT_PLAYED);
  const opened = all.filter((text) => text.includes('opened')).length;
  const failed = all.filter((text) => text === FAILED).length;
  const open = all.filter((text) => text === NOT_PLAYED).length;
  const sums = [
    `${cells.length - opened - failed - open} held`,
    ...(opened > 0 ? [`${opened} opened and were cut again`] : []),
    ...(failed > 0 ? [`${failed} FAILED`] : []),
    ...(open > 0 ? [`${open} not played yet (${NOT_PLAYED})`] : []),
  ];
  const sum = `${cells.length} cells: ${sums.join(', ')}.`;
  return `${[sum, ...componentNames.map((name) => tableOf(name, texts))].join('\n\n')}\n`;
}

function tableOf(component: Cell['component'], texts: ReadonlyMap<string, string>): string {
  const { faults, without }: Component = COMPONENTS[component];
  const rows = faults.map((fault) => {
    const columns = moments.map((moment) =>
      without[moment] === undefined ? (texts.get(nameOf({ component, fault, moment })) ?? NOT_PLAYED) : 'n/a',
    );
    return `| ${[fault, ...columns].join(' | ')} |`;
  });
  const none = Object.entries(without).map(([moment, why]) => `${moment}: ${why}`);
  return [
    `### ${component}\n`,
    `| fault | ${moments.join(' | ')} |`,
    `| --- |${' --- |'.repeat(moments.length)}`,
    ...rows,
    ...(none.length > 0 ? [`\nn/a: ${none.join('; ')}.`] : []),
  ].join('\n');
}
