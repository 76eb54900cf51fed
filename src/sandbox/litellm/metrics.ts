/**
 * Counters in the text format of Prometheus, as LiteLLM 1.81.15 exposes them through Python's prometheus_client: the
 * same names, the same labels, "None" for what is missing, floats written as Python writes them.
 */

const KEY_LABELS = ['api_key_alias', 'hashed_api_key', 'end_user', 'team', 'team_alias', 'user', 'user_email'];
const CLIENT_LABELS = ['client_ip', 'user_agent'];
const MODEL_LABELS = ['model', 'model_id'];

const families = {
  litellm_proxy_failed_requests_metric: {
    help: 'Total number of failed responses from proxy - the client did not get a success response from litellm proxy',
    labels: [
      ...KEY_LABELS,
      ...CLIENT_LABELS,
      'exception_class',
      'exception_status',
      'model_id',
      'requested_model',
      'route',
    ],
  },
  litellm_proxy_total_requests_metric: {
    help: 'Total number of requests made to the proxy server - track number of client side requests',
    labels: [...KEY_LABELS, ...CLIENT_LABELS, 'model_id', 'requested_model', 'route', 'status_code'],
  },
  litellm_spend_metric: {
    help: 'Total spend on LLM requests',
    labels: [...KEY_LABELS, ...CLIENT_LABELS, ...MODEL_LABELS],
  },
  litellm_total_tokens_metric: {
    help: 'Total number of input + output tokens from LLM requests',
    labels: [...KEY_LABELS, ...MODEL_LABELS, 'requested_model'],
  },
  litellm_input_tokens_metric: {
    help: 'Total number of input tokens from LLM requests',
    labels: [...KEY_LABELS, ...MODEL_LABELS, 'requested_model'],
  },
  litellm_output_tokens_metric: {
    help: 'Total number of output tokens from LLM requests',
    labels: [...KEY_LABELS, ...MODEL_LABELS, 'requested_model'],
  },
  litellm_requests_metric: {
    help: 'deprecated - use litellm_proxy_total_requests_metric. Total number of LLM calls to litellm - track total per API Key, team, user',
    labels: [...KEY_LABELS, ...CLIENT_LABELS, ...MODEL_LABELS],
  },
} as const satisfies Record<string, { help: string; labels: readonly string[] }>;

export type Family = keyof typeof families;
export type Labels = Readonly<Record<string, string>>;

export class Metrics {
  private readonly series = new Map<Family, Map<string, { value: number; readonly created: number }>>();

  constructor(private readonly now: () => number) {}

  /** Labels that the family doesn't have are left out; those that are missing read "None". */
  add(family: Family, labels: Labels, amount: number): void {
    const text = [...families[family].labels]
      .sort()
      .map((label) => `${label}="${escapeLabel(labels[label] ?? 'None')}"`)
      .join(',');
    const all = this.series.get(family) ?? new Map<string, { value: number; readonly created: number }>();
    this.series.set(family, all);
    const one = all.get(text) ?? { value: 0, created: this.now() / 1_000 };
    one.value += amount;
    all.set(text, one);
  }

  /** As after a restart of the proxy: a series is absent until its first use. */
  reset(): void {
    this.series.clear();
  }

  render(): string {
    return (Object.keys(families) as Family[]).map((family) => this.renderFamily(family)).join('');
  }

  private renderFamily(family: Family): string {
    const all = [...(this.series.get(family) ?? [])];
    const block = (suffix: string, type: string, value: (one: { value: number; created: number }) => number): string =>
      [
        `# HELP ${family}_${suffix} ${families[family].help}`,
        `# TYPE ${family}_${suffix} ${type}`,
        ...all.map(([labels, one]) => `${family}_${suffix}{${labels}} ${pythonFloat(value(one))}`),
        '',
      ].join('\n');
    const total = block('total', 'counter', ({ value }) => value);
    return all.length === 0 ? total : total + block('created', 'gauge', ({ created }) => created);
  }
}

/** prometheus_client's `floatToGoString`: `14.0`, and from a million on `1.24425e+06`. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const text = Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
  const dot = text.indexOf('.');
  if (value <= 0 || dot <= 6) return text;
  const mantissa = `${text[0]}.${text.slice(1, dot)}${text.slice(dot + 1)}`.replace(/[0.]+$/, '');
  return `${mantissa}e+${String(dot - 1).padStart(2, '0')}`;
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
