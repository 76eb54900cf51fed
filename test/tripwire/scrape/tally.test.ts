import { TooMany } from '../../../src/tripwire/scrape/counters';
import { readExposition } from '../../../src/tripwire/scrape/exposition';
import { createGauges, type Gauges } from '../../../src/tripwire/scrape/gauges';
import type { Scrape } from '../../../src/tripwire/scrape/look';
import { createTally, type Tally } from '../../../src/tripwire/scrape/tally';
import { createWorkers } from '../../../src/tripwire/scrape/workers';
import { BATCH, CODER, exposition, MASTER, PLAIN, RESEARCH } from '../../support/litellm-exposition';

const AT = Date.UTC(2026, 10, 26, 2, 13, 40);
const HOUR = 3_600_000;

interface Read extends Scrape {
  readonly kind: Tally['kind'];
}

function read(text: string, { gauges = createGauges(), maxPairs }: { gauges?: Gauges; maxPairs?: number } = {}): Read {
  const tally = createTally({ workers: createWorkers(), gauges, maxPairs });
  const reader = readExposition(tally);
  reader.write(text);
  reader.end();
  return { kind: tally.kind, ...tally.scrape({ source: 'proxy', at: AT, samples: reader.samples }) };
}

/** `key model: dollars prompt+completion`, keys by their first four letters. */
const spent = ({ readings }: Scrape): string[] =>
  readings.map(
    ({ key, model, spendUsd, promptTokens, completionTokens }) =>
      `${key.slice(0, 4)} ${model}: ${spendUsd.toFixed(6)} ${promptTokens}+${completionTokens}`,
  );

const TODAY = [
  '6973 gpt-4o: 0.232800 59200+8480',
  '6973 gpt-4o-mini: 0.027000 108000+18000',
  '0aaf anthropic/claude-sonnet-4-5: 4.753350 1159200+85050',
  // Priced at nothing: tokens move, spend doesn't.
  '0aaf openai/qwen3-32b: 0.000000 54000+6300',
  '38fc gpt-4o-mini: 0.222270 961000+130200',
  'd802 gpt-4o: 0.002300 600+80',
];

describe('spend and tokens', () => {
  it.each([
    [1, 'one key', ['6973 gpt-4o: 0.081480 20720+2968']],
    [2, 'several keys and models', TODAY],
    [
      3,
      'after a restart',
      ['0aaf anthropic/claude-sonnet-4-5: 0.075450 18400+1350', '38fc gpt-4o-mini: 0.003585 15500+2100'],
    ],
    [
      4,
      'a budget that is used up',
      [
        '0aaf anthropic/claude-sonnet-4-5: 24.156000 4576000+695200',
        '6973 gpt-4o: 0.017460 4440+636',
        'd802 openai/qwen3-32b: 0.000000 1000+160',
      ],
    ],
    [
      5,
      'two workers in one directory',
      [
        '0aaf anthropic/claude-sonnet-4-5: 4.602450 1122400+82350',
        '38fc gpt-4o-mini: 0.215817 933100+126420',
        '6973 gpt-4o: 0.029100 7400+1060',
      ],
    ],
    [6, 'old names', TODAY],
    [7, 'OpenMetrics', TODAY],
    [8, 'the master key, without a database', ['88dc gpt-4o: 0.001125 50+100']],
    [
      9,
      'after a key was blocked',
      ['0aaf anthropic/claude-sonnet-4-5: 4.828800 1177600+86400', '6973 gpt-4o: 0.256080 65120+9328'],
    ],
    [10, 'no licence', []],
  ])('exposition %d: %s', (number, _what, rows) => {
    const scrape = read(exposition(number));
    expect(spent(scrape)).toEqual(rows);
    expect(scrape.kind).toBe(number === 10 ? 'not-premium' : 'metrics');
    expect(scrape.unreadable).toBe(0);
    for (const reading of scrape.readings) expect(reading).toMatchObject({ at: AT, source: 'proxy' });
  });

  const series = (name: string, labels: string, value: number | string): string => `${name}{${labels}} ${value}\n`;
  const K = 'hashed_api_key="k",model="m"';

  it.each<[string, string, string[]]>([
    [
      'summed over every other label',
      series('litellm_spend_metric_total', `${K},client_ip="1"`, 1) +
        series('litellm_spend_metric_total', `${K},client_ip="2",team="t"`, 2),
      ['k m: 3.000000 0+0'],
    ],
    [
      'new and old names of one thing, counted once',
      series('litellm_input_tokens_total', K, 900) +
        series('litellm_input_tokens_metric_total', K, 1_000) +
        series('litellm_input_tokens_metric', K, 1_000),
      ['k m: 0.000000 1000+0'],
    ],
    [
      'an old name for one model, a new one for another',
      series('litellm_output_tokens_total', 'hashed_api_key="k",model="a"', 5) +
        series('litellm_output_tokens_metric_total', 'hashed_api_key="k",model="b"', 7),
      ['k a: 0.000000 0+5', 'k b: 0.000000 0+7'],
    ],
    ['without _total', series('litellm_spend_metric', K, 4), ['k m: 4.000000 0+0']],
    ['labels that are switched off', 'litellm_spend_metric_total 4\n', ['None None: 4.000000 0+0']],
    [
      'labels that have no value',
      series('litellm_spend_metric_total', 'hashed_api_key="None",model="None"', 4),
      ['None None: 4.000000 0+0'],
    ],
    [
      'keys beyond the limit, lumped together',
      series('litellm_spend_metric_total', 'hashed_api_key="other",model="other"', 4),
      ['othe other: 4.000000 0+0'],
    ],
    ['the total of tokens alone', series('litellm_total_tokens_metric_total', K, 50), ['k m: 0.000000 50+0']],
    [
      'the total and the prompt',
      series('litellm_total_tokens_metric_total', K, 50) + series('litellm_input_tokens_metric_total', K, 40),
      ['k m: 0.000000 40+10'],
    ],
    [
      'the total and the completion',
      series('litellm_total_tokens_metric_total', K, 50) + series('litellm_output_tokens_metric_total', K, 40),
      ['k m: 0.000000 10+40'],
    ],
    [
      'the total beside both, with a label that they lack',
      series('litellm_total_tokens_metric_total', 'hashed_api_key="k"', 50) +
        series('litellm_input_tokens_metric_total', K, 40) +
        series('litellm_output_tokens_metric_total', K, 10),
      ['k None: 0.000000 0+0', 'k m: 0.000000 40+10'],
    ],
    [
      'a series that comes twice',
      series('litellm_spend_metric_total', K, 4) + series('litellm_spend_metric_total', K, 4),
      ['k m: 4.000000 0+0'],
    ],
    [
      'a model whose name has a line break and quotes',
      series('litellm_spend_metric_total', String.raw`hashed_api_key="k",model="a\n\"b"`, 4),
      ['k a\n"b: 4.000000 0+0'],
    ],
  ])('%s', (_what, text, rows) => {
    expect(spent(read(text))).toEqual(rows);
  });

  it.each(['NaN', '+Inf', '-1', '-Inf'])('%s is no count: it is left out, and told', (value) => {
    const text = series('litellm_spend_metric_total', K, value) + series('litellm_spend_metric_total', `${K},x="1"`, 2);
    const scrape = read(text);
    expect(spent(scrape)).toEqual(['k m: 2.000000 0+0']);
    expect(scrape.unreadable).toBe(1);
  });

  it('more keys and models than there can be are refused', () => {
    const text = Array.from({ length: 11 }, (_, n) =>
      series('litellm_spend_metric_total', `hashed_api_key="${n}"`, 1),
    ).join('');
    expect(() => read(text, { maxPairs: 10 })).toThrow(TooMany);
    expect(read(text, { maxPairs: 11 }).readings).toHaveLength(11);
  });
});

describe('what there is of LiteLLM', () => {
  it.each([
    ['metrics', 'that are only declared', '# TYPE litellm_spend_metric_total counter\n'],
    ['metrics', 'some of them', 'litellm_in_flight_requests 0\n'],
    ['metrics', 'beside the word that a licence is missing', `${exposition(10)}litellm_spend_metric_total 1\n`],
    ['not-premium', 'the word that a licence is missing', exposition(10)],
    ['none', "another program's metrics", '# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1\n'],
    ['none', 'nothing', ''],
  ])('%s: %s', (kind, _what, text) => {
    expect(read(text).kind).toBe(kind);
  });
});

describe('requests', () => {
  it.each([
    [1, { total: 14, succeeded: 14, failed: 0 }],
    [2, { total: 554, succeeded: 544, failed: 10 }],
    [6, { total: 554, succeeded: 544, failed: 10 }],
    [9, { total: 520, succeeded: 108, failed: 412 }],
    [10, undefined],
  ])('exposition %d', (number, requests) => {
    expect(read(exposition(number)).requests).toEqual(requests);
  });

  it.each([
    ['no status', 'litellm_proxy_total_requests_metric_total{route="/v1/messages"} 3\n', { total: 3, failed: 0 }],
    [
      'routes that have no tokens',
      'litellm_proxy_total_requests_metric_total{status_code="200",route="/v1/images/generations"} 3\n' +
        'litellm_proxy_total_requests_metric_total{status_code="200",route="/v1/messages"} 2\n' +
        'litellm_proxy_total_requests_metric_total{status_code="201",route="None"} 1\n' +
        'litellm_proxy_total_requests_metric_total{status_code="401",route="/v1/messages"} 8\n',
      { total: 14, succeeded: 3, failed: 0 },
    ],
    [
      'calls and failures, before requests were counted',
      'litellm_requests_metric_total{model="m"} 3\nlitellm_proxy_failed_requests_metric_total{} 2\n',
      { total: 5, failed: 2 },
    ],
  ])('%s', (_what, text, requests) => {
    expect(read(text).requests).toEqual(requests);
  });
});

describe('keys and teams', () => {
  const agents = {
    teamId: '8c1f2c0e-1c0d-4b0e-9b8e-5a2f7f3f9a11',
    alias: 'agents-prod',
    budget: { maxUsd: 500, remainingUsd: 412.87, resetsAt: AT + 311.4 * HOUR },
  };
  const data = { teamId: 'd4b7a5d2-77d2-4d5d-8a0a-2f0d3ab0c6e2', alias: 'data-eng', budget: {} };

  it('are named, and have their budgets', () => {
    const { keys, teams } = read(exposition(2));
    expect([...teams.values()]).toEqual([agents, data]);
    const ofTeam = { teamId: agents.teamId, teamAlias: 'agents-prod' };
    expect(Object.fromEntries(keys)).toEqual({
      [RESEARCH]: {
        key: RESEARCH,
        alias: 'agent-research',
        ...ofTeam,
        budget: { maxUsd: 50, remainingUsd: 37.3, resetsAt: AT + 311.4 * HOUR },
      },
      [CODER]: {
        key: CODER,
        alias: 'agent-coder',
        ...ofTeam,
        budget: { maxUsd: 25, remainingUsd: 5.59, resetsAt: AT + 15.2 * HOUR },
      },
      // Without a budget what remains is +Inf.
      [BATCH]: { key: BATCH, alias: 'nightly-batch', teamId: data.teamId, teamAlias: 'data-eng', budget: {} },
      [PLAIN]: { key: PLAIN, budget: {} },
    });
  });

  it('may be overspent', () => {
    expect(read(exposition(4)).keys.get(CODER)?.budget.remainingUsd).toBeCloseTo(-0.0412);
  });

  it('are those that spend or may spend, and not whatever was refused', () => {
    expect([...read(exposition(8)).keys.keys()]).toEqual([MASTER]);
    const { keys } = read('litellm_proxy_failed_requests_metric_total{hashed_api_key="guess"} 1\n');
    expect(keys.size).toBe(0);
  });

  it.each([
    ['max_budget_metric', 'NaN', {}],
    ['max_budget_metric', '+Inf', {}],
    ['max_budget_metric', '0', { maxUsd: 0 }],
    ['budget_remaining_hours_metric', '-3', {}],
    ['budget_remaining_hours_metric', '+Inf', {}],
    ['budget_remaining_hours_metric', '0.5', { resetsAt: AT + HOUR / 2 }],
  ])('%s %s', (name, value, budget) => {
    expect(read(`litellm_api_key_${name}{hashed_api_key="k"} ${value}\n`).keys.get('k')?.budget).toEqual(budget);
  });

  it('a name that LiteLLM forgets to say beside a failure stays', () => {
    const spend = 'litellm_spend_metric_total{hashed_api_key="k"';
    const { keys } = read(`${spend},api_key_alias="a",team="t"} 1\n${spend},api_key_alias="None",team="None"} 1\n`);
    expect(keys.get('k')).toMatchObject({ alias: 'a', teamId: 't' });
  });
});

describe('the process', () => {
  it.each([
    ['is told by its start and its first series', exposition(1), '1795400749.43/1795400750.0170832'],
    ['is not one, where several add up', exposition(5), undefined],
    ['is told by its start alone before the first use', 'process_start_time_seconds 1.5e9\n', '1500000000'],
    ['is not known without either', 'litellm_spend_metric_total 1\n', undefined],
    [
      'is told by its first series where there is no start',
      'litellm_spend_metric_created{x="1"} 1.5e9\nlitellm_spend_metric_created{x="2"} 1.6e9\n',
      '/1500000000',
    ],
  ])('%s', (_what, text, process) => {
    const scrape = read(text);
    expect(scrape.process).toBe(process);
    for (const reading of scrape.readings) expect(reading.process).toBe(process);
  });

  it.each([
    ['the first series of spend did', exposition(1), 1_795_400_750.0170832 * 1_000],
    [
      'the process did, where series do not tell',
      'process_start_time_seconds 1.5e9\nlitellm_spend_metric_total 1\n',
      1.5e12,
    ],
    ['nobody knows when, where several add up', exposition(5), undefined],
    ['nobody knows when, without either', 'litellm_spend_metric_total 1\n', undefined],
  ])('began to count when %s', (_what, text, since) => {
    const { readings } = read(text);
    expect(readings.length).toBeGreaterThan(0);
    for (const reading of readings) expect(reading.countingSince).toBe(since);
  });
});

describe('several processes that add up', () => {
  it.each([
    ['when they were used', exposition(5), true],
    ['before they are', 'litellm_total_users{pid="7"} 0\nlitellm_total_users{pid="8"} 0\n', true],
    ['which one does not', exposition(2), false],
  ])('are told by their gauges, %s', (_what, text, multiprocess) => {
    expect(read(text).multiprocess).toBe(multiprocess);
  });
});

describe('gauges of processes that are gone', () => {
  const remaining = (...values: number[]): string =>
    values
      .map((value, pid) => `litellm_remaining_api_key_budget_metric{hashed_api_key="k",pid="${pid}"} ${value}\n`)
      .join('');
  const left = (text: string, gauges: Gauges): number | undefined =>
    read(text, { gauges }).keys.get('k')?.budget.remainingUsd;

  it('the lowest holds until one moves; from then on the last that moved', () => {
    const gauges = createGauges();
    expect(left(remaining(5.59, 4.86), gauges)).toBe(4.86);
    expect(left(remaining(5.59, 4.86), gauges)).toBe(4.86);
    // A budget that began anew: the one that is gone stays at what it was.
    expect(left(remaining(25, 4.86), gauges)).toBe(25);
    expect(left(remaining(25, 4.86), gauges)).toBe(25);
    expect(left(remaining(24, 4.86, 23.5), gauges)).toBe(23.5);
    expect(left(remaining(24, 4.86, 23.5), gauges)).toBe(23.5);
    expect(left(remaining(22, 4.86, 23.5), gauges)).toBe(22);
  });

  it('an endless one that moved last is no budget', () => {
    const gauges = createGauges();
    expect(left(remaining(5, 4), gauges)).toBe(4);
    expect(left(remaining(5, Number.POSITIVE_INFINITY).replace('Infinity', '+Inf'), gauges)).toBeUndefined();
  });
});
