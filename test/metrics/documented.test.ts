import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { reasons } from '../../src/orders/reasons';
import { allMetrics, type Family, processFamilies } from '../support/all-metrics';

const folder = join(__dirname, '../../docs/observability');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const readme = read('README.md');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}
const rules = (parse(read('alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}
const dashboard = JSON.parse(read('dashboard.json')) as {
  panels: Panel[];
  annotations: { list: { expr: string }[] };
};
const queries = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ of: title, expr }))),
  ...dashboard.annotations.list.map(({ expr }) => ({ of: 'annotation', expr })),
];

const families = allMetrics();
/** By every name under which Prometheus keeps samples of them; `up` is Prometheus' own. */
const series = new Map<string, Family | undefined>([
  ['up', undefined],
  ...[...families, ...processFamilies()].flatMap((family): [string, Family][] =>
    family.type === 'histogram'
      ? ['_bucket', '_sum', '_count'].map((suffix) => [`${family.name}${suffix}`, family])
      : [[family.name, family]],
  ),
]);

/** Selectors of an expression: the name of the metric, and the labels that stand in the braces. */
function selectors(expr: string): { readonly name: string; readonly labels: readonly string[] }[] {
  const names = [...expr.matchAll(/\b((?:pullcord|process|nodejs)_\w+|up)\b(?:\{([^}]*)\})?/g)];
  return names.map(([, name = '', inside = '']) => ({
    name,
    labels: [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }));
}

/** Labels that Prometheus adds, or that belong to a histogram. */
const OTHERS = ['instance', 'job', 'le'];

describe('each metric', () => {
  const row = ({ name, type, labels, help }: Family): string =>
    `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;

  it('stands in the documentation, as it is', () => {
    const table = readme.split('\n').filter((line) => line.startsWith('| `pullcord_'));
    expect(table).toEqual(families.map(row));
  });

  it.each(families.map((family) => [family.name, family] as const))(
    '%s is named as Prometheus wants it',
    (name, { type, help }) => {
      expect(name).toMatch(/^pullcord_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(name).not.toMatch(/_(ms|milliseconds|minutes|hours|kb|mb)(_|$)/);
      expect(help).toMatch(/\.$/);
    },
  );
});

describe('each alert', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s stands on metrics that there are',
    (_name, { expr }) => {
      const found = selectors(expr);
      expect(found.length).toBeGreaterThan(0);
      for (const { name, labels } of found) {
        expect([...series.keys()]).toContain(name);
        for (const label of labels) expect([...OTHERS, ...(series.get(name)?.labels ?? [])]).toContain(label);
      }
    },
  );

  it.each(rules.map((rule) => [rule.alert, rule] as const))('%s is explained, and tested', (name, rule) => {
    expect(Object.keys(rule.annotations)).toEqual(['summary', 'description']);
    expect(['critical', 'warning', 'info']).toContain(rule.labels.severity);
    const [, section = ''] = readme.split(`\n### ${name}\n`);
    const [text = ''] = section.split('\n### ');
    expect(text).toMatch(/\*Means\.\* \S/);
    expect(text).toMatch(/\*Do\.\* \S/);
    const test = read('alerts.test.yml');
    expect(test).toContain(`- { alertname: ${name}, eval_time:`);
    expect(test).toContain(`- alertname: ${name}\n`);
  });

  it('explains none that there is not', () => {
    const explained = [...readme.matchAll(/^### (Pullcord\w+)$/gm)].map(([, name]) => name);
    expect(explained).toEqual(rules.map(({ alert }) => alert));
  });

  it('names reasons of refusals that there are', () => {
    const named = rules.flatMap(({ expr }) =>
      [...expr.matchAll(/reason=~?"([^"]+)"/g)].flatMap(([, list = '']) => list.split('|')),
    );
    expect(named.length).toBeGreaterThan(0);
    for (const reason of named) expect(Object.keys(reasons)).toContain(reason);
  });
});

describe('the dashboard', () => {
  it.each(queries.map(({ of, expr }) => [of, expr] as const))('%s asks for metrics that there are: %s', (_of, expr) => {
    const found = selectors(expr);
    expect(found.length).toBeGreaterThan(0);
    for (const { name, labels } of found) {
      expect([...series.keys()]).toContain(name);
      expect(labels).toContain('instance');
      for (const label of labels) expect([...OTHERS, ...(series.get(name)?.labels ?? [])]).toContain(label);
    }
  });

  it('lays no panel over another, and leaves no hole beside one', () => {
    const taken = new Map<string, string>();
    for (const {
      title,
      gridPos: { x, y, w, h },
    } of dashboard.panels)
      for (let column = x; column < x + w; column += 1)
        for (let line = y; line < y + h; line += 1) {
          expect([title, taken.get(`${column} ${line}`)]).toEqual([title, undefined]);
          expect(column).toBeLessThan(24);
          taken.set(`${column} ${line}`, title);
        }
    const lines = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h));
    expect(taken.size).toBe(24 * lines);
  });
});
