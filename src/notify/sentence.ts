import type { Notice, NoticeKind } from './channel';

const verbs: Readonly<Record<NoticeKind, string>> = {
  severing: 'is being severed',
  severed: 'is severed, and every gateway was seen to refuse it',
  restoring: 'is being restored',
  restored: 'is restored, and was seen to be served',
  refused: ': an order was refused',
  tripped: 'is cut by the tripwire',
  'trip-settled': 'was cut by the tripwire',
  'would-trip': 'would have been cut by the tripwire',
  warned: ': the tripwire warns',
  trouble: 'is in trouble',
  alarm: ': alarm',
  cleared: 'is well again',
  drill: ': a drill has ended',
  fallback: ': it was decided about a fallback',
};

/** What is said of a step that comes without a text of its own. */
export const sentence = ({ kind, scope = 'Pullcord', order }: Omit<Notice, 'text'>): string =>
  `${scope} ${verbs[kind]}${order === undefined ? '' : `, order ${order}`}.`.replace(' :', ':');
