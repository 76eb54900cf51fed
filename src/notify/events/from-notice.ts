import { printable } from '../../printable';
import type { Notice, NoticeKind } from '../channel';
import type { AboutOrder, EventBody, EventType } from './event';

const types: Readonly<Record<NoticeKind, EventType | undefined>> = {
  severing: 'severing',
  severed: 'severed',
  // Nothing to act upon: `restored` says when it is over.
  restoring: undefined,
  restored: 'restored',
  refused: 'refused',
  tripped: 'tripped',
  // `severed` says it, to everybody.
  'trip-settled': undefined,
  'would-trip': 'tripped',
  warned: 'warned',
  trouble: 'trouble',
  alarm: 'trouble',
  cleared: 'trouble',
  drill: 'drill',
  fallback: 'fallback',
};

/** Which event a notice is; undefined when it is none. Pure. */
export const typeOf = ({ kind }: Pick<Notice, 'kind'>): EventType | undefined => types[kind];

/** Longer than any text that Pullcord writes; what a program passes on has to end somewhere. Characters. */
const MAX_TEXT = 2_000;

/** A workflow may show it anywhere: in a chat, in a terminal. */
const oneLine = (text: string): string => printable(text.replace(/\s+/g, ' ').trim()).slice(0, MAX_TEXT);

/** The notice as subscribers get it. Pure; field by field, so that what is added for phones stays with phones. */
export function eventOf(notice: Notice, type: EventType, id: string, about?: AboutOrder): EventBody {
  const { kind, text, at, scope, order, figures, refusal, drill, fallback } = notice;
  const event = {
    ...{ id, type, at: new Date(at).toISOString(), text: oneLine(text) },
    ...{ scope, order: order === 0 ? undefined : order, incident: about?.incident },
    ...{ source: about?.source ?? notice.source, by: about?.by ?? notice.by, reason: about?.reason, refusal },
    state: type === 'trouble' ? (kind === 'cleared' ? 'cleared' : 'raised') : undefined,
    figures: type === 'tripped' || type === 'warned' ? figures : undefined,
    observed: kind === 'would-trip' ? true : undefined,
    drill: type === 'drill' ? drill : undefined,
    fallback: type === 'fallback' && fallback ? { ...fallback, why: oneLine(fallback.why) } : undefined,
  };
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined)) as unknown as EventBody;
}
