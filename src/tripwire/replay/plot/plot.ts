import type { SubjectSettings } from '../../settings';
import type { Subject } from '../../signal';
import type { Replayed } from '../replay';
import { money } from './amounts';
import { LEFT, panel, titleOf, WIDTH } from './panel';
import { el, escaped, px } from './svg';
import type { Drawn } from './traces';

export interface PlotOptions {
  readonly drawn: readonly Drawn[];
  readonly settingsOf: (subject: Subject) => SubjectSettings;
  readonly replayed: Replayed;
  /** What the recording is called. */
  readonly name: string;
  /** Said below the title, where something is not shown. */
  readonly note?: string | undefined;
}

const HEAD = 96;

const STYLE = `
text{font:13px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;fill:#1f2933}
.title{font-size:20px;font-weight:600}.name{font-size:15px;font-weight:600}
.facts,.note,.tick,.axis{fill:#52606d}.tick,.axis{font-size:11px}.facts{font-size:12px}
.grid{stroke:#e4e7eb}
.spent{fill:#5b8dc0}
.usual{fill:none;stroke:#0f766e;stroke-width:1.6}
.level{fill:none;stroke:#c2680a;stroke-width:1.4;stroke-dasharray:6 3}
.ceiling{stroke:#7b1fa2;stroke-width:1.4;stroke-dasharray:2 3}
.trip line{stroke:#c81e1e;stroke-width:1.2;stroke-opacity:.75}.trip text{fill:#c81e1e;font-size:11px;font-weight:600}
.reason{font-size:12px}`;

/** The picture of a replay, as an SVG that stands alone. */
export function plot({ drawn, settingsOf, replayed, name, note }: PlotOptions): string {
  const span = replayed.span ?? { from: 0, to: 1 };
  let top = HEAD + (note === undefined ? 0 : 18);
  const panels = drawn.map((one) => {
    const made = panel({ drawn: one, settings: settingsOf(one.subject), span });
    const placed = el('g', { transform: `translate(0 ${px(top)})` }, made.svg);
    top += made.height;
    return placed;
  });
  const trips = drawn.reduce((sum, { tripCount }) => sum + tripCount, 0);
  const title = `What the tripwire would have done: ${name}`;
  const when = `${day(span.from)} to ${day(span.to)} (UTC), ${replayed.keys} key${replayed.keys === 1 ? '' : 's'}, ${money(replayed.spentUsd)}`;
  const about = `Spend in the busiest minute of each stretch, what is usual, what would trip, ceilings of a minute, and ${trips} trip${trips === 1 ? '' : 's'}, for: ${drawn.map(({ subject }) => titleOf(subject)).join(', ')}. ${when}.`;
  return el(
    'svg',
    {
      ...{ xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${WIDTH} ${px(top)}`, width: WIDTH, height: top },
      ...{ role: 'img', 'aria-labelledby': 'title desc' },
    },
    el('title', { id: 'title' }, escaped(title)),
    el('desc', { id: 'desc' }, escaped(about)),
    `<style>${STYLE}</style>`,
    el('rect', { width: WIDTH, height: top, fill: '#fff' }),
    el('text', { class: 'title', x: LEFT, y: 34 }, escaped(title)),
    el('text', { class: 'note', x: LEFT, y: 56 }, escaped(when)),
    note === undefined ? '' : el('text', { class: 'note', x: LEFT, y: 94 }, escaped(note)),
    legend(),
    ...panels,
  );
}

function legend(): string {
  const y = 76;
  const entries = [
    {
      text: 'spent, busiest minute',
      mark: (x: number) => el('rect', { class: 'spent', x, y: y - 9, width: 22, height: 10 }),
    },
    { text: 'usual', mark: (x: number) => line('usual', x) },
    { text: 'would trip', mark: (x: number) => line('level', x) },
    { text: 'ceiling of a minute', mark: (x: number) => line('ceiling', x) },
    { text: 'trip', mark: (x: number) => el('g', { class: 'trip' }, line(undefined, x)) },
  ];
  function line(className: string | undefined, x: number): string {
    return el('line', { class: className, x1: x, x2: x + 22, y1: y - 4, y2: y - 4 });
  }
  let x = LEFT;
  const shown = entries.map(({ text, mark }) => {
    const entry = mark(x) + el('text', { class: 'note', x: x + 28, y }, text);
    x += 28 + text.length * 7 + 22;
    return entry;
  });
  return shown.join('');
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
