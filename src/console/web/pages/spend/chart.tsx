import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { SpendHistoryAnswer } from '../../../../intake/http/spend-history-schema';
import { clock, day, money } from '../../format';
import type { Drawn, Picture } from './picture';

type Mark = SpendHistoryAnswer['marks'][number];

const HEIGHT = 280;
const tone: Readonly<Record<Mark['kind'], string>> = {
  warned: '--severing',
  tripped: '--severed',
  severed: '--severed',
  restored: '--live',
};
/** Told apart by how they are drawn, too: never by their colour alone. */
const dashes: Readonly<Record<string, number[]>> = {
  'what is usual': [2, 4],
  'what would trip': [10, 5],
  'the floor': [2, 8],
  'the ceiling': [14, 4, 2, 4],
};

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param index of what is shown of it, among the keys or models. */
export const lineColour = (index: number): string => `--line-${(index % 9) + 1}`;

function seriesOf({ name, kind, values }: Drawn, index: number): uPlot.Series {
  const alone = values.every(
    (value, step) => value === null || (values[step - 1] ?? values[step + 1] ?? null) === null,
  );
  const base = { label: name, spanGaps: false, points: { show: alone } };
  if (kind === 'all') return { ...base, stroke: colour('--ink'), width: 2.5 };
  if (kind === 'one') return { ...base, stroke: colour(lineColour(index)), width: 1.75 };
  const stroke = colour(name === 'what is usual' || name === 'the floor' ? '--quiet' : '--severed');
  return { ...base, stroke, width: 1.5, dash: dashes[name] ?? [4, 4] };
}

/** By the 24-hour clock; days by their date. */
function times(_chart: uPlot, seconds: number[]): string[] {
  return seconds.map((at) => {
    const date = new Date(at * 1000);
    return date.getHours() === 0 && date.getMinutes() === 0 ? day(at * 1000) : clock(at * 1000).slice(0, 5);
  });
}

/** Each mark as a line from the bottom to the top, with a flag. */
function drawMarks(chart: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = chart;
  ctx.save();
  for (const { at, kind } of marks) {
    const x = chart.valToPos(Date.parse(at) / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = colour(tone[kind]);
    ctx.fillStyle = ctx.strokeStyle;
    ctx.lineWidth = devicePixelRatio * (kind === 'severed' ? 2 : 1);
    ctx.setLineDash(kind === 'warned' ? [3 * devicePixelRatio, 3 * devicePixelRatio] : []);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillRect(x - 4 * devicePixelRatio, bbox.top, 8 * devicePixelRatio, 6 * devicePixelRatio);
  }
  ctx.restore();
}

export interface ChartProps {
  readonly picture: Picture;
  readonly marks: readonly Mark[];
  /** For who does not see it: what it shows, in words. */
  readonly label: string;
}

export function Chart({ picture, marks, label }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const [scheme, setScheme] = useState(0);

  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const changed = (): void => setScheme((n) => n + 1);
    dark.addEventListener('change', changed);
    return () => dark.removeEventListener('change', changed);
  }, []);

  useEffect(() => {
    const holder = place.current;
    if (!holder) return;
    const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--rule'), width: 1 }, ticks: { show: false } };
    const font = `12px ${colour('--font')}`;
    const dollars = (_chart: uPlot, values: number[]): string[] => values.map((usd) => money(usd));
    const chart = new uPlot(
      {
        width: Math.max(200, holder.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: true, range: [picture.times[0] ?? 0, picture.end] }, y: { range: [0, picture.top] } },
        axes: [
          { ...axis, font, space: 64, size: 32, values: times },
          { ...axis, font, size: 64, values: dollars },
        ],
        series: [{}, ...picture.lines.map((line, index) => seriesOf(line, index - 1))],
        hooks: { draw: [(drawn) => drawMarks(drawn, marks)] },
      },
      [picture.times as number[], ...picture.lines.map(({ values }) => values as (number | null)[])],
      holder,
    );
    const watch = new ResizeObserver(() => chart.setSize({ width: Math.max(200, holder.clientWidth), height: HEIGHT }));
    watch.observe(holder);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [picture, marks, scheme]);

  return <div class="chart" ref={place} role="img" aria-label={label} />;
}
