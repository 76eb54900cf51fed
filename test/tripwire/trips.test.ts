import pino from 'pino';
import { tripwire } from '../../src/config/tripwire';
import type { Entry } from '../../src/ledger/store';
import type { Notice } from '../../src/notify/channel';
import type { Signal, Subject } from '../../src/tripwire/signal';
import { Subjects } from '../../src/tripwire/subjects';
import { Trips } from '../../src/tripwire/trips';
import { SlowDesk } from '../support/slow-desk';
import { until } from '../support/until';

const AGENT = 'aa'.repeat(32);
const STRANGER = 'bb'.repeat(32);
const AT = Date.UTC(2026, 6, 14, 2, 16);
const key = (id: string): Subject => ({ kind: 'key', id });
const WHOLE: Subject = { kind: 'whole', id: '*' };

const signalOf = (change: Partial<Signal> = {}): Signal => ({
  ...{ level: 'trip', subject: key(AGENT), at: AT, rule: 'level', unit: 'usd', windowSeconds: 60 },
  ...{ observed: 4.1, usual: 0.06, limit: 1.2, since: AT - 140_000, beyondUsual: 11.2 },
  ...change,
});

function setUp(block: object = {}) {
  const config = tripwire.parse({
    litellm: [{ url: 'http://litellm.example.org' }],
    keys: { 'agent-1': { key: AGENT } },
    ...block,
  });
  const desk = new SlowDesk();
  const paper: Entry[] = [];
  const told: Omit<Notice, 'at'>[] = [];
  const alarms: string[] = [];
  const log: string[] = [];
  const subjects = new Subjects({
    ...{ config, defaultScope: 'agent' },
    ...{ namesOf: () => undefined, teamAliasOf: () => undefined },
  });
  const trips = new Trips({
    ...{ mode: config.mode, timeZone: 'UTC', subjects, desk },
    note: (entry) => void paper.push(entry),
    tell: (notice) => void told.push(notice),
    alarm: (_key, text) => void alarms.push(text),
    logger: pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line).msg) }),
  });
  return { trips, desk, paper, told, alarms, log, kinds: () => told.map(({ kind }) => kind) };
}

const LINE =
  'key agent-1: $4.10 in the last minute, usual at this hour $0.06; 68x; since 02:13:40 UTC; about $11 burnt beyond usual';

it('a trip is ordered in the same turn, with its reason, and told with its result', async () => {
  const { trips, desk, paper, told, log } = setUp();
  trips.take([signalOf()]);
  expect(desk.asked).toEqual([
    {
      request: {
        ...{ action: 'sever', scope: 'agent', source: 'tripwire', reason: LINE },
        key: `tripwire:agent:key:${AGENT}:${AT}`,
        correlation: `tripwire-${AT}-agent`,
      },
      proof: { kind: 'tripwire' },
    },
  ]);
  await until(() => told.length === 1);
  expect(told[0]).toMatchObject({
    ...{ kind: 'tripped', scope: 'agent', order: 1, text: `agent is being severed. ${LINE}` },
    figures: { rule: 'level', observed: 4.1, usual: 0.06, subject: { kind: 'key', id: AGENT, name: 'key agent-1' } },
    sms: expect.stringMatching(/^TRIPPED: cuts agent\. key agent-1: \$4\.10/),
  });
  expect(paper).toEqual([
    {
      kind: 'tripped',
      data: expect.objectContaining({ why: LINE, scope: 'agent', order: 1, mode: 'act', observed: 4.1 }),
    },
  ]);
  expect(log).toEqual([LINE]);
  await desk.settles();
  await until(() => told.length === 2);
  expect(told[1]).toMatchObject({
    ...{ kind: 'trip-settled', order: 1, figures: { state: 'severed', ms: 400, beyondUsual: 11.2 } },
    sms: expect.stringContaining('saves $4.80 a minute, $288 an hour'),
  });
});

it('how far it is is told once, when it takes long', async () => {
  const { trips, desk, told } = setUp();
  trips.take([signalOf()]);
  await desk.settles({ state: 'severing', missing: ['gw-2 does not answer'] });
  await desk.settles({ state: 'severing' });
  await desk.settles();
  await until(() => told.length === 3);
  expect(told.map(({ sms }) => sms?.split(' ')[0])).toEqual(['TRIPPED:', 'SEVERING', 'SEVERED']);
});

it('one scope is ordered once, whoever trips at the same time', async () => {
  const { trips, desk, paper } = setUp({ whole: { scope: 'agent' }, keys: { a: { key: STRANGER, scope: 'llm' } } });
  trips.take([signalOf(), signalOf({ subject: WHOLE }), signalOf({ subject: key(STRANGER) })]);
  expect(desk.asked.map(({ request }) => request.scope)).toEqual(['agent', 'llm']);
  await until(() => paper.length === 2);
  trips.take([signalOf({ at: AT + 5_000, subject: WHOLE })]);
  expect(desk.asked).toHaveLength(2);
});

it('what is cut already is not ordered; what was restored is, at once', async () => {
  const { trips, desk } = setUp();
  desk.cut.set('agent', { scope: 'agent', state: 'severed', order: 9, since: 0, incident: 9 });
  trips.take([signalOf()]);
  expect(desk.asked).toEqual([]);
  desk.cut.set('agent', { scope: 'agent', state: 'restoring', order: 10, since: 0, incident: 9 });
  trips.take([signalOf({ at: AT + 5_000 })]);
  expect(desk.asked).toHaveLength(1);
});

it('what another instance has cut for is told by that one', async () => {
  const { trips, desk, told, paper } = setUp();
  desk.answer = 'repeated';
  trips.take([signalOf()]);
  await new Promise((resolve) => setImmediate(resolve));
  expect([told, paper]).toEqual([[], []]);
});

it('an order that was not taken is an alarm, and is given again at each look until it is', async () => {
  const { trips, desk, alarms, told } = setUp();
  desk.answer = new Error('the spool is broken');
  trips.take([signalOf()]);
  await until(() => alarms.length === 1);
  expect(alarms[0]).toContain('could not cut agent');
  trips.retry();
  await until(() => alarms.length === 2);
  desk.answer = 'accepted';
  trips.retry();
  await until(() => told.length === 1);
  trips.retry();
  expect(desk.asked).toHaveLength(3);
});

it('a warning is told once, and cuts nothing; a trip after it is something new, a warning after that is not', async () => {
  const { trips, desk, kinds, told, paper } = setUp();
  const warning = signalOf({ level: 'warn' });
  for (const seconds of [0, 60, 600]) trips.take([{ ...warning, at: AT + seconds * 1000 }]);
  expect(kinds()).toEqual(['warned']);
  expect(told[0]).toMatchObject({ text: LINE, sms: expect.stringMatching(/^WARNING: key agent-1.*CUT agent \+ code/) });
  expect(paper.map(({ kind }) => kind)).toEqual(['warned']);
  expect(desk.asked).toEqual([]);
  trips.take([signalOf({ at: AT + 601_000 }), { ...warning, at: AT + 601_000 }]);
  await until(() => kinds().length === 2);
  expect(kinds()).toEqual(['warned', 'tripped']);
  trips.take([{ ...warning, at: AT + 5_000_000 }]);
  expect(kinds()).toEqual(['warned', 'tripped', 'warned']);
});

it('mode observe: told and written once as what it would have done, and nothing is cut', async () => {
  const { trips, desk, told, paper, kinds } = setUp({ mode: 'observe' });
  trips.take([signalOf()]);
  trips.take([signalOf({ at: AT + 5_000 })]);
  trips.blind(signalOf({ rule: 'blind', subject: WHOLE, at: AT + 5_000 }));
  trips.retry();
  expect(desk.asked).toEqual([]);
  expect(kinds()).toEqual(['would-trip', 'would-trip']);
  expect(told[0]).toMatchObject({ scope: 'agent', sms: expect.stringMatching(/^WOULD CUT agent \(observes only\)/) });
  expect(told[0]?.text).toBe(`agent would have been cut, but the tripwire observes only. ${LINE}`);
  expect(paper[0]).toMatchObject({ kind: 'tripped', data: { mode: 'observe', would: `have cut: ${LINE}` } });
});

it.each([
  ['trip', 1, []],
  ['warn', 0, ['warned']],
] as const)('others: %s', async (others, orders, notices) => {
  const { trips, desk, kinds } = setUp({ others });
  trips.take([signalOf({ subject: key(STRANGER) })]);
  expect(desk.asked).toHaveLength(orders);
  expect(kinds()).toEqual(notices);
});

it('blindness cuts every scope that a trip may cut', () => {
  const { trips, desk } = setUp({ keys: { a: { key: AGENT, scope: 'llm' } } });
  trips.blind(signalOf({ rule: 'blind', subject: WHOLE, windowSeconds: 300 }));
  expect(desk.asked.map(({ request }) => request.scope)).toEqual(['agent', 'llm']);
});

it('says nothing more once it is closed', async () => {
  const { trips, desk, told } = setUp();
  trips.take([signalOf()]);
  await until(() => told.length === 1);
  trips.close();
  await desk.settles();
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toHaveLength(1);
});
