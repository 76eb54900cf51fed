/** The two text formats of Prometheus, as Python's prometheus_client writes them, floats included. */

export interface Series {
  /** Name, value, name, value… as `labelText` makes it; empty: none. */
  readonly labels: string;
  readonly value: number;
  /** Counters alone: when it began. Epoch, in seconds. */
  readonly created?: number;
}

export interface Family {
  /** Without `_total`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly series: readonly Series[];
}

/** Which samples a scrape asked for by `name[]`; undefined: all. */
export type Only = ReadonlySet<string> | undefined;

export function renderText(families: readonly Family[], only?: Only): string {
  return families
    .flatMap(({ name, type, help, series }) => {
      if (type === 'gauge') return block(name, type, help, series.map(sample(name)), only);
      const created = series.flatMap((one) => (one.created === undefined ? [] : [{ ...one, value: one.created }]));
      return [
        ...block(`${name}_total`, 'counter', help, series.map(sample(`${name}_total`)), only),
        ...(created.length === 0
          ? []
          : block(`${name}_created`, 'gauge', help, created.map(sample(`${name}_created`)), only)),
      ];
    })
    .join('');
}

export function renderOpenMetrics(families: readonly Family[], only?: Only): string {
  const blocks = families.flatMap(({ name, type, help, series }) => {
    const samples = series.flatMap((one) =>
      type === 'gauge'
        ? [sample(name)(one)]
        : [
            sample(`${name}_total`)(one),
            ...(one.created === undefined ? [] : [sample(`${name}_created`)({ ...one, value: one.created })]),
          ],
    );
    return block(name, type, help, samples, only);
  });
  return [...blocks, '# EOF\n'].join('');
}

interface Sample {
  readonly name: string;
  readonly line: string;
}

const sample =
  (name: string) =>
  ({ labels, value }: Series): Sample => ({
    name,
    line: `${name}${labels === '' ? '' : `{${labels}}`} ${pythonFloat(value)}`,
  });

/** A family of which nothing was asked for is left out; one without series is declared. */
function block(name: string, type: string, help: string, samples: readonly Sample[], only: Only): string[] {
  const wanted = samples.filter((one) => only === undefined || only.has(one.name));
  if (only !== undefined && wanted.length === 0) return [];
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...wanted.map(({ line }) => line)].map(
    (line) => `${line}\n`,
  );
}

export const labelText = (labels: Readonly<Record<string, string>>): string =>
  Object.keys(labels)
    .sort()
    .map((label) => `${label}="${escapeLabel(labels[label] ?? 'None')}"`)
    .join(',');

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** prometheus_client's `floatToGoString`: `14.0`, and from a million on `1.24425e+06`. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const text = Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
  const dot = text.indexOf('.');
  if (value <= 0 || dot <= 6) return text;
  const mantissa = `${text[0]}.${text.slice(1, dot)}${text.slice(dot + 1)}`.replace(/[0.]+$/, '');
  return `${mantissa}e+${String(dot - 1).padStart(2, '0')}`;
}
