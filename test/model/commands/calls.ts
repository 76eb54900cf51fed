import fc from 'fast-check';
import { ofToken } from '../../../src/intake/http/bearer';
import type { Operations } from '../../../src/intake/http/operations';
import type { Call } from '../../../src/intake/http/router';
import type { Sent } from '../model';
import { type Name, type ScopeName, scopeNames, type TokenName, tokens } from '../people';
import { Command } from './command';
import { alive, type CodeKind, codeKinds, codeOf, nextId, waitForNext } from './typed';

interface Placed {
  readonly token: TokenName | 'wrong';
  readonly action: 'sever' | 'restore';
  readonly scope: ScopeName;
  readonly operator: Name | undefined;
  readonly code: CodeKind;
  readonly n: number;
  readonly key: string | undefined;
  readonly wait: number | undefined;
  readonly instance: number;
  readonly steps: number;
}

export const callOf = ({ token, action, scope, operator, code, n, key, wait, instance, steps }: Placed): Command => {
  const who = operator === undefined ? '' : ` for ${operator} ${code}${code === 'backup' ? n : ''}`;
  return new Command(
    `${token} calls ${action} ${scope}${who} key ${key} wait ${wait} at ${instance}`,
    steps,
    async (world) => {
      const program = alive(world, instance);
      if (!program) return;
      const { doors, life } = program;
      if (operator && code === 'next') await waitForNext(world, operator);
      const typed = operator && codeOf(world, operator, code, n);
      const idempotency = key ?? `own-${nextId()}`;
      const rights: readonly string[] = token === 'wrong' ? [] : tokens[token];
      const orders = rights.includes('stop') || rights.includes('status');
      if (orders) {
        const proof: Sent['proof'] = typed?.proof ?? { kind: 'token', stops: rights.includes('stop') };
        world.laws.send({ key: `api:${token}:${idempotency}`, action, scope, proof });
      }
      const checked = doors.checkToken(`Bearer ${token}`);
      if (checked.kind !== 'known') {
        if (token !== 'wrong') throw new Error(`${token} is not known`);
        return;
      }
      const body = { action, scope, ...(operator ? { operator } : {}), ...(typed?.text ? { code: typed.text } : {}) };
      const request = { params: {}, query: { wait }, headers: { 'idempotency-key': idempotency }, body };
      const made = { ...request, bearer: ofToken(checked.token), correlation: 'call' } as Call<
        Operations['placeOrder']
      >;
      const answer = async (): Promise<void> => {
        const said = await doors.api(made);
        if (!life.alive || 'refused' in said || !('number' in said.body)) return;
        const { state, number } = said.body;
        const mine = `api:${token}:${idempotency}`;
        if (state === 'severed' || state === 'live')
          world.laws.saysSeen(
            scope,
            state === 'severed' ? 'refused' : 'served',
            number > 0 ? `#${number}` : mine,
            'the API',
          );
      };
      await world.time.as(life, () => void answer());
    },
  );
};

export const call = fc
  .record({
    token: fc.constantFrom<TokenName | 'wrong'>('stopper', 'stopper', 'stopper', 'reader', 'relayer', 'wrong'),
    action: fc.constantFrom('sever' as const, 'restore' as const),
    scope: fc.constantFrom<ScopeName>(...scopeNames),
    operator: fc.constantFrom<Name | undefined>(undefined, undefined, 'alice', 'bob', 'carol'),
    code: fc.constantFrom(...codeKinds),
    n: fc.integer({ min: 1, max: 3 }),
    key: fc.constantFrom('k1', 'k2', undefined, undefined, undefined),
    wait: fc.constantFrom(undefined, 3, 30),
    instance: fc.nat(1),
    steps: fc.nat(40),
  })
  .map(callOf);

interface Trip {
  readonly scope: ScopeName;
  readonly action: 'sever' | 'restore';
  readonly instance: number;
  readonly steps: number;
}

export const tripOf = ({ scope, action, instance, steps }: Trip): Command =>
  new Command(`the tripwire wants ${action} ${scope} at ${instance}`, steps, async (world) => {
    const program = alive(world, instance);
    if (!program) return;
    const key = `tripwire:${nextId()}`;
    world.laws.send({ key, action, scope, proof: { kind: 'tripwire' } });
    const request = { key, action, scope, source: 'tripwire', correlation: key } as const;
    const order = (): void => void program.doors.desk.order(request, { kind: 'tripwire' }).catch(() => undefined);
    await world.time.as(program.life, order);
  });

export const trip = fc
  .record({
    scope: fc.constantFrom<ScopeName>(...scopeNames),
    action: fc.constantFrom('sever' as const, 'sever' as const, 'restore' as const),
    instance: fc.nat(1),
    steps: fc.nat(40),
  })
  .map(tripOf);
