import type { Signal } from '../supervision/line/part';
import type { Readiness } from '../supervision/readiness';
import { type Families, putOneOf, seconds } from './family';

const SIGNALS: readonly Signal[] = ['normal', 'alarm', 'supervisory', 'trouble'];
const STATES: readonly Readiness['state'][] = ['armed', 'degraded', 'disarmed'];

/** The supervised way, part by part. @param ready from memory: nothing is asked of anybody. */
export function showLine({ gauge }: Families, ready: () => Readiness): void {
  gauge('pullcord_readiness_state', 'How ready the switch is: 1 for that state, 0 for the others.', ['state'], (put) =>
    putOneOf(put, 'state', STATES, ready().state),
  );
  gauge(
    'pullcord_part_signal',
    'How a part of the way stands: 1 for that signal, 0 for the others. An alarm is a cut that lasts.',
    ['part', 'signal'],
    (put) => {
      for (const { name, ok, signal = ok ? 'normal' : 'trouble' } of ready().parts)
        putOneOf(put, 'signal', SIGNALS, signal, { part: name });
    },
  );
  gauge(
    'pullcord_part_last_well_timestamp_seconds',
    'When a part was last seen to work. Absent where it never was.',
    ['part'],
    (put) => {
      for (const { name, lastWell } of ready().parts) put(seconds(lastWell), { part: name });
    },
  );
}
