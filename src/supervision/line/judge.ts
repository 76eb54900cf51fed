import type { Finding } from '../checks/finding';
import type { Condition } from './part';

/** What a look found, as one condition: the worst of it. Pure. Fails towards trouble: nothing found is nothing known. */
export function judgeFindings(findings: readonly Finding[]): Condition {
  if (findings.length === 0) return { signal: 'trouble', detail: 'was not looked at' };
  const broken = findings.filter(({ level, doubt }) => level === 'fault' || (level === 'warning' && doubt));
  const open = findings.filter(({ level }) => level === 'warning');
  const [signal, worst] = broken.length
    ? (['trouble', broken] as const)
    : open.length
      ? (['supervisory', open] as const)
      : (['normal', findings] as const);
  const todo = worst.find(({ advice }) => advice !== undefined)?.advice;
  return {
    signal,
    detail: [...new Set(worst.map(({ what }) => what))].join('; '),
    ...(todo === undefined ? {} : { todo }),
    ...(signal === 'supervisory' && worst.every(({ quiet }) => quiet) ? { quiet: true } : {}),
  };
}
