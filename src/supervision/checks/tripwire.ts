import type { Tripwire, TripwireSource } from '../../config/tripwire';
import { sourceName } from '../../tripwire';
import type { KeyFacts, Look, Scrape } from '../../tripwire/scrape/look';
import { createSource } from '../../tripwire/scrape/source';
import type { Check } from './context';
import { about, type Finding } from './finding';

/** Of one look: metrics and the list of keys are looked at at the same time. */
const LOOK_MS = 3_500;

/** What one proxy showed, and its list of keys where it is asked for one. */
interface Seen {
  readonly name: string;
  readonly metrics: Look;
  readonly list?: Look;
}

/** Whether the tripwire would see the money of the keys that it is to watch. */
export const checkTripwire: Check = async ({ config: { tripwire }, now }) => {
  if (!tripwire) return [];
  const { ok } = about('tripwire');
  const sees = await Promise.all(
    tripwire.litellm.map((source, i) => seeOne(source, sourceName(tripwire.litellm, i), now)),
  );
  const mode = tripwire.mode === 'observe' ? [ok('observes only: it tells what it would cut, and cuts nothing')] : [];
  return [...mode, ...sees.flatMap(sourceFindings), ...keyFindings(tripwire, sees)];
};

async function seeOne({ database, ...settings }: TripwireSource, name: string, now: () => number): Promise<Seen> {
  const bounded = { ...settings, name, timeoutMs: Math.min(settings.timeoutMs, LOOK_MS), now, monotonic };
  const { url: _metrics, ...listOnly } = bounded;
  const address = settings.url.replace(/\/metrics\/*$/, '');
  const sources = [
    createSource(bounded),
    ...(database ? [createSource({ ...listOnly, database: { ...database, url: address } })] : []),
  ];
  try {
    const { signal } = new AbortController();
    const [metrics, list] = await Promise.all(sources.map((source) => source.look(signal)));
    return { name, metrics: metrics as Look, ...(list === undefined ? {} : { list }) };
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

const monotonic = (): number => performance.now();

function sourceFindings({ name, metrics, list }: Seen): Finding[] {
  const { ok, fault } = about(name);
  const unseen = ({ detail }: Look & { ok: false }, of: string): Finding => {
    const [what = '', ...advice] = detail.split('. ');
    return fault(`${of}: ${what}`, advice.join('. '));
  };
  return [
    ...(metrics.ok ? metricsFindings(name, metrics.scrape) : [unseen(metrics, 'its metrics are not seen')]),
    ...(list?.ok ? [ok(`lists ${list.scrape.keys.size} keys`)] : list ? [unseen(list, 'its keys are not listed')] : []),
  ];
}

function metricsFindings(name: string, { readings, unreadable }: Scrape): Finding[] {
  const { ok, warning } = about(name);
  const spent = new Set(readings.map(({ key }) => key)).size;
  const free = new Set(
    readings
      .filter(({ spendUsd, promptTokens, completionTokens }) => spendUsd === 0 && promptTokens + completionTokens > 0)
      .map(({ model }) => model),
  );
  return [
    ok(`shows its metrics: ${spent} keys have spent something since it began to count`),
    ...(free.size > 0 ? [ok(`watched by their tokens alone, for they have no price: ${[...free].join(', ')}`)] : []),
    ...(unreadable > 0
      ? [
          warning(
            `${unreadable} of its counters show no number, and are not watched`,
            'A price that is no number does that: correct it in LiteLLM, and restart LiteLLM.',
          ),
        ]
      : []),
  ];
}

/** A key that nobody has seen may have a hash that nobody will see. */
function keyFindings({ keys }: Tripwire, sees: readonly Seen[]): Finding[] {
  const { ok, warning } = about('tripwire');
  const looks = sees.flatMap(({ metrics, list }) => [metrics, ...(list ? [list] : [])]);
  const known = new Map<string, KeyFacts>(looks.flatMap((look) => (look.ok ? [...look.scrape.keys] : [])));
  if (known.size === 0 && !looks.some((look) => look.ok)) return [];
  return Object.entries(keys).map(([name, { key }]) =>
    known.has(key)
      ? ok(`knows ${name}`)
      : warning(
          `${name} (${key.slice(0, 8)}…) is not among the keys that LiteLLM shows`,
          'If it has not been used since LiteLLM began: send one request with it, then check again. Else correct its key.',
        ),
  );
}
