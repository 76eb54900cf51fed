/** How a call to the Admin API failed, as far as it matters for what to do next. */
export type GatewayErrorKind = 'unauthorised' | 'not-found' | 'rejected' | 'unavailable';

/** What came back, or the code of what went wrong on the way (`ECONNREFUSED`, `ETIMEDOUT`). */
export type Outcome =
  | { readonly status: number; readonly message: string }
  | { readonly code: string; readonly message: string };

interface Fault {
  readonly status?: readonly [from: number, to: number];
  readonly code?: RegExp;
  readonly says?: RegExp;
  readonly kind: GatewayErrorKind;
  /** Whether the same call is sent again at once. All our calls may be: each says what is to be, not what to add. */
  readonly retry: boolean;
  readonly remedy: string;
}

/** The first line that fits holds. */
const table: readonly Fault[] = [
  {
    status: [503, 503],
    says: /value changed before overwritten/,
    kind: 'unavailable',
    retry: true,
    remedy: 'Something else writes the same object all the time: find out what, and stop it.',
  },
  {
    code: /^(ECONNRESET|EPIPE)$/,
    kind: 'unavailable',
    retry: true,
    remedy: 'The Admin API closes its connections: look at its error log.',
  },
  {
    status: [401, 401],
    kind: 'unauthorised',
    retry: false,
    remedy: 'Check adminKey: it has to be one of deployment.admin.admin_key with the role admin, not viewer.',
  },
  {
    status: [403, 403],
    kind: 'unauthorised',
    retry: false,
    remedy: "Add Pullcord's address to deployment.admin.allow_admin.",
  },
  { status: [404, 404], says: /^Key not found$/, kind: 'not-found', retry: false, remedy: 'The object is gone.' },
  {
    status: [404, 404],
    kind: 'unavailable',
    retry: false,
    remedy: 'Check adminUrl: there is no Admin API of APISIX in traditional mode.',
  },
  {
    status: [300, 399],
    kind: 'unavailable',
    retry: false,
    remedy: 'Check adminUrl: it leads elsewhere.',
  },
  {
    status: [400, 499],
    kind: 'rejected',
    retry: false,
    remedy: 'APISIX does not accept it: see its message.',
  },
  {
    status: [503, 503],
    says: /etcd/,
    kind: 'unavailable',
    retry: false,
    remedy: 'Look after etcd: until it is back the gateway keeps its last configuration.',
  },
  {
    code: /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/,
    kind: 'unavailable',
    retry: false,
    remedy: "Name the certificate authority in caFile, and use a host name that is in the gateway's certificate.",
  },
  {
    code: /^ETIMEDOUT$/,
    kind: 'unavailable',
    retry: false,
    remedy: 'Look whether the Admin API and its etcd hang. A write that got no answer may still be applied.',
  },
  {
    code: /^ELEAVE$/,
    kind: 'unavailable',
    retry: false,
    remedy: 'Nothing was sent. Leave is asked for again.',
  },
  {
    code: /./,
    kind: 'unavailable',
    retry: false,
    remedy: 'Check adminUrl, and that the Admin API runs and can be reached from here.',
  },
];

const unknown: Fault = {
  kind: 'unavailable',
  retry: false,
  remedy: 'Look at the error log of the Admin API.',
};

/** What an outcome means; undefined for a success. */
export function faultOf(outcome: Outcome): Pick<Fault, 'kind' | 'retry' | 'remedy'> | undefined {
  if ('status' in outcome && outcome.status >= 200 && outcome.status < 300) return undefined;
  return table.find((fault) => fits(fault, outcome)) ?? unknown;
}

function fits({ status, code, says }: Fault, outcome: Outcome): boolean {
  if (says && !says.test(outcome.message)) return false;
  if ('code' in outcome) return code?.test(outcome.code) ?? false;
  return status !== undefined && outcome.status >= status[0] && outcome.status <= status[1];
}

/** A call to the Admin API that failed. Holds neither the key nor what was sent. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  constructor(
    readonly kind: GatewayErrorKind,
    /** What happened: `PATCH routes/r1 answered 503: …`. */
    readonly what: string,
    /** What to do now. */
    readonly remedy: string,
    /** No answer came: a write may have been applied, or may still be. Read again before deciding. */
    readonly inDoubt = false,
  ) {
    super(`${what}. ${remedy}`);
  }
}

export const isGatewayError = (error: unknown, kind?: GatewayErrorKind): error is GatewayError =>
  error instanceof GatewayError && (kind === undefined || error.kind === kind);
