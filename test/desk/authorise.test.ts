import { authorise } from '../../src/desk/authorise';
import type { State } from '../../src/ledger/store';
import type { Proof } from '../../src/orders/desk';
import type { Action } from '../../src/orders/order';
import { codeOf, people, TestClock, testOperators } from '../support/desk';

const { now } = new TestClock();
const state: State = {
  head: { seq: 0, at: 0, hash: '' },
  ...{ orders: 0, latches: new Map(), permits: new Map(), operators: new Map(), backupCodesUsed: new Set<string>() },
};
const throttle = { restoreFailures: 5, stopFailures: 20, overallFailures: 50, windowSeconds: 3_600 };
const ask = (action: Action, proof: Proof, rights: (typeof people)[number]['rights'], bareStop: 'sever' | 'refuse') =>
  authorise(
    {
      operators: testOperators(people.map((operator) => ({ ...operator, rights }))),
      config: { throttle, sms: { bareStop } },
    },
    ...[state, action, proof, now()],
  );

const alice: Proof = { kind: 'operator', operator: 'alice', code: codeOf('alice', now()) };
const bare: Proof = { kind: 'phone', phone: '+15550100001', bare: true };
const backup: Proof = { kind: 'phone', phone: '+15550100099', code: '111111111111' };
const token = (...rights: (typeof people)[number]['rights']): Proof => ({ kind: 'token', token: 'n8n', rights });

it.each<[string, Action, Proof, (typeof people)[number]['rights'], string]>([
  ['an operator who may stop', 'sever', alice, ['stop'], 'granted'],
  ['an operator who may only restore', 'sever', alice, ['restore', 'status'], 'no-right'],
  ['an operator who may restore', 'restore', alice, ['restore'], 'granted'],
  ['an operator who may only stop', 'restore', alice, ['stop', 'status'], 'no-right'],
  ['a backup code of one who may stop', 'sever', backup, ['stop'], 'granted'],
  ['a backup code of one who may not', 'sever', backup, ['status'], 'no-right'],
  ['a token that may stop', 'sever', token('stop'), [], 'granted'],
  ['a token that may only look', 'sever', token('status'), ['stop'], 'no-right'],
  ['a token with every right', 'restore', token('stop', 'status', 'restore'), [], 'not-restorable-by-token'],
  ['the tripwire', 'sever', { kind: 'tripwire' }, [], 'granted'],
  ['the tripwire', 'restore', { kind: 'tripwire' }, ['stop', 'restore'], 'not-restorable-by-tripwire'],
  ['a bare word', 'sever', bare, ['stop'], 'bare-stop'],
])('%s: %s', (_who, action, proof, rights, expected) => {
  const authority = ask(action, proof, rights, 'refuse');
  expect(authority.kind === 'granted' ? 'granted' : authority.refused).toBe(expected);
});

it('a bare word stops where it is set so, and never restores', () => {
  expect(ask('sever', bare, ['stop', 'restore'], 'sever')).toMatchObject({ kind: 'granted', by: 'alice' });
  expect(ask('restore', bare, ['stop', 'restore'], 'sever')).toMatchObject({ kind: 'refused', refused: 'bare-stop' });
});
