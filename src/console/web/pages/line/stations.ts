import type { ReadinessAnswer } from '../../../../intake/http/schemas';

export type Part = ReadinessAnswer['parts'][number];

/** Where on the way from the phone to the cut a part belongs. */
export interface Station {
  readonly title: string;
  readonly what: string;
  readonly parts: readonly Part[];
  readonly worst: Worst;
}

/** `unknown`: nothing of it is watched. */
export type Worst = 'normal' | 'alarm' | 'supervisory' | 'trouble' | 'unknown';

const GATEWAY = /^(?:cutter apisix|admin|clamp|nodes|clock|guard) (.+)$/;

interface Place {
  readonly title: string;
  readonly what: string;
  readonly holds: (name: string) => boolean;
}

const named =
  (...names: readonly string[]) =>
  (name: string): boolean =>
    names.includes(name);

/** In the order in which a stop passes them. What belongs nowhere else belongs to Pullcord. */
const before: readonly Place[] = [
  {
    title: 'The ways in',
    what: 'A text message, this page, the API',
    holds: (name) => named('sms', 'twilio')(name) || name.startsWith('certificate '),
  },
  {
    title: 'Who may',
    what: 'Operators, their codes, and the clock that codes need',
    holds: named('operators', 'clock'),
  },
  {
    title: 'The tripwire',
    what: 'What pulls the cord by itself when money runs away',
    holds: (name) => name === 'tripwire' || name.startsWith('token '),
  },
];
const pullcord = { title: 'Pullcord', what: 'Latches, ledger and queue' };
const scopes: Place = {
  title: 'Scopes',
  what: 'What is cut as one',
  holds: (name) => name === 'scopes' || name.startsWith('scope '),
};
const beside: Place = {
  title: 'Beside the gateways',
  what: 'What is cut at the same moment, and the last resort',
  holds: (name) => /^(cutter|fallback) /.test(name) || name === 'last resort',
};

/** Pure: the supervised way, station by station. */
export function stations(parts: readonly Part[]): readonly Station[] {
  const left = new Set(parts);
  const take = (holds: (name: string) => boolean): readonly Part[] => {
    const taken = [...left].filter(({ name }) => holds(name));
    for (const part of taken) left.delete(part);
    return taken;
  };
  const at = ({ title, what, holds }: Place): Station => station(title, what, take(holds));
  const first = before.map(at);
  const gateways = [...new Set(parts.flatMap(({ name }) => GATEWAY.exec(name)?.[1] ?? []))].map((gateway) =>
    station(
      `Gateway ${gateway}`,
      'Admin API, clamp, nodes',
      take((name) => GATEWAY.exec(name)?.[1] === gateway),
    ),
  );
  const last = [scopes, beside].map(at);
  const own = station(pullcord.title, pullcord.what, [...left]);
  return [...first, own, ...gateways, ...last].filter((one) => one.parts.length > 0);
}

const order: readonly Worst[] = ['trouble', 'alarm', 'supervisory', 'normal'];

export function signalOf({ signal, ok }: Part): Exclude<Worst, 'unknown'> {
  return signal ?? (ok ? 'normal' : 'trouble');
}

function station(title: string, what: string, parts: readonly Part[]): Station {
  const worst = order.find((one) => parts.some((part) => signalOf(part) === one)) ?? 'unknown';
  return { title, what, parts, worst };
}
