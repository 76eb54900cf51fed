import type { Notice, NoticeKind } from '../../../src/notify/channel';
import type { EventBody, EventType } from '../../../src/notify/events/event';
import { eventOf, typeOf } from '../../../src/notify/events/from-notice';
import { refusalNotice } from '../../../src/notify/refusal-notice';
import { reasons } from '../../../src/orders/reasons';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const notice = (kind: NoticeKind, more: Partial<Notice> = {}): Notice => ({
  ...{ kind, text: 'what happened', scope: 'agent', at: AT },
  ...more,
});

it.each<[NoticeKind, EventType | undefined]>([
  ['severing', 'severing'],
  ['severed', 'severed'],
  ['restoring', undefined],
  ['restored', 'restored'],
  ['refused', 'refused'],
  ['tripped', 'tripped'],
  ['trip-settled', undefined],
  ['would-trip', 'tripped'],
  ['warned', 'warned'],
  ['trouble', 'trouble'],
  ['alarm', 'trouble'],
  ['cleared', 'trouble'],
  ['drill', 'drill'],
  ['fallback', 'fallback'],
])('%s is the event %s', (kind, type) => {
  expect(typeOf(notice(kind))).toBe(type);
});

const base = { id: 'id-1', at: '2026-01-02T03:04:05.678Z', text: 'what happened', scope: 'agent' };
const about = { source: 'sms', by: 'alice', reason: 'why', incident: 5 } as const;
const went = { name: 'fallback', state: 'fallback', order: 9, by: 'alice', why: 'down' } as const;
const [figures, report] = [{ rule: 'ceiling' }, { state: 'passed' as const }];

it.each<[string, EventType, Notice, Partial<EventBody>]>([
  ['an order', 'severed', notice('severed', { order: 7 }), { order: 7, ...about }],
  ['an order that has no number yet', 'severing', notice('severing', { order: 0 }), about],
  ['a trip', 'tripped', notice('tripped', { order: 7, figures }), { order: 7, figures, ...about }],
  ['a trip that only observes', 'tripped', notice('would-trip', { figures }), { figures, observed: true, ...about }],
  ['a warning', 'warned', notice('warned', { figures }), { figures, ...about }],
  ['figures of another kind', 'severed', notice('severed', { figures }), about],
  ['a trouble', 'trouble', notice('trouble'), { state: 'raised', ...about }],
  ['an alarm', 'trouble', notice('alarm'), { state: 'raised', ...about }],
  ['the end of it', 'trouble', notice('cleared'), { state: 'cleared', ...about }],
  ['a drill', 'drill', notice('drill', { drill: report }), { drill: report, ...about }],
  ['a fallback', 'fallback', notice('fallback', { fallback: went }), { fallback: went, ...about }],
  ['a fallback in another kind', 'drill', notice('drill', { fallback: went }), about],
  ['what phones are texted', 'warned', notice('warned', { sms: 'SHORT' }), about],
])('%s', (_name, type, one, more) => {
  expect(eventOf(one, type, 'id-1', about)).toEqual({ ...base, type, ...more });
});

it('says nothing of an order that nobody knows, and has one line of text', () => {
  const one = notice('trouble', { text: ' two\nlines\t of it ' });
  expect(JSON.parse(JSON.stringify(eventOf(one, 'trouble', 'id-1')))).toEqual({
    ...{ ...base, type: 'trouble', text: 'two lines of it', state: 'raised' },
  });
  const why = 'two\nlines\u001b[31m';
  expect(eventOf(notice('fallback', { fallback: { ...went, why } }), 'fallback', 'id-1').fallback?.why).toMatch(
    /^two lines\ufffd\[31m$/,
  );
  expect(eventOf(notice('alarm', { text: 'x'.repeat(10_000) }), 'trouble', 'id-1').text).toHaveLength(2_000);
});

describe('a refusal', () => {
  const data = { reason: 'code-wrong', action: 'sever', scope: 'agent', source: 'sms', by: 'alice', correlation: 'c' };
  it('the first of its reason', () => {
    expect(refusalNotice({ kind: 'refusal', data })).toEqual({
      ...{ kind: 'refused', refusal: 'code-wrong', source: 'sms', by: 'alice', scope: 'agent' },
      text: `Refused by sms from alice for agent: code-wrong. ${reasons['code-wrong'].advice}`,
    });
  });

  it('and how many more there were', () => {
    const { text } = refusalNotice({ kind: 'refusal', data: { reason: 'bad-signature', count: 1203 } });
    expect(text).toBe(`Refused 1203 times more within a minute: bad-signature. ${reasons['bad-signature'].advice}`);
  });

  it('takes over nothing that a stranger may have chosen', () => {
    const chosen = { door: 'api', path: '/api/v1/EVIL', correlation: 'EVIL', token: 'n8n', source: 'EVIL' };
    const told = refusalNotice({ kind: 'refusal', data: { reason: 'token-wrong', ...chosen } });
    expect(told).toMatchObject({ source: 'api', by: 'token:n8n' });
    expect(JSON.stringify(told)).not.toContain('EVIL');
  });
});
