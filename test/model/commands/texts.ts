import fc from 'fast-check';
import { parseForm } from '../../../src/intake/sms/form';
import { type Name, phoneOf, RELAYED_URL, type ScopeName, scopeNames } from '../people';
import { type Fields, fieldsOf, formOf, sign } from '../signed';
import { callWebhook } from '../webhook';
import type { World } from '../world';
import { Command } from './command';
import { alive, type CodeKind, codeKinds, codeOf, nextId, waitForNext } from './typed';

const nextSid = (): string => `SM${nextId().toString(16).padStart(32, '0')}`;

interface How {
  readonly relayed: boolean;
  readonly forged: boolean;
  /** Whether Twilio waits for the answer. */
  readonly heard: boolean;
}

const sentTexts = new WeakMap<World, Fields[]>();

async function deliver(world: World, instance: number, fields: Fields, how: How) {
  const program = alive(world, instance);
  if (!program) return;
  const { life, doors } = program;
  const { relayed, forged, heard } = how;
  if (!relayed) {
    const call = (): void =>
      void callWebhook(doors.twilio, { fields, forged, hears: () => life.alive && heard }).then(({ text }) => {
        if (text !== undefined && life.alive) world.laws.told(text);
      });
    await world.time.as(life, call);
    return;
  }
  const form = parseForm(Buffer.from(formOf(fields)));
  if (!form) throw new Error('a form of the model has too many fields');
  const signature = sign(forged ? { ...fields, Body: 'another one' } : fields, RELAYED_URL);
  const relayedForm = { url: RELAYED_URL, signature, form, token: 'relayer', correlation: 'relay' };
  await world.time.as(life, () => void doors.relay(relayedForm));
}

export interface Typed {
  readonly who: Name | 'stranger';
  readonly verb: 'STOP' | 'RESTORE' | 'STATUS';
  readonly scope: ScopeName;
  readonly code: CodeKind;
  /** Which backup code; the third is made up. */
  readonly n: number;
  readonly how: How;
  readonly instance: number;
  readonly steps: number;
}

export function textOf({ who, verb, scope, code, n, how, instance, steps }: Typed): Command {
  const ways = [how.relayed ? ' by relay' : '', how.forged ? ' forged' : '', how.heard ? '' : ' unheard'].join('');
  const name = `${who} texts ${verb} ${scope} ${code}${code === 'backup' ? n : ''}${ways} to ${instance}`;
  return new Command(name, steps, async (world) => {
    const bearer = who === 'stranger' ? 'alice' : who;
    if (code === 'next') await waitForNext(world, bearer);
    const typed = codeOf(world, bearer, code, n);
    const sid = nextSid();
    const body = `${verb} ${scope} ${typed.text}`.trim();
    const fields = fieldsOf({ MessageSid: sid, From: phoneOf(who), Body: body }) as Fields;
    // A stranger's order is nobody's, whatever code it bears; but a backup code stops for anybody.
    const proof = who === 'stranger' && typed.proof.kind === 'code' ? { kind: 'nothing' as const } : typed.proof;
    if (verb !== 'STATUS' && !how.forged)
      world.laws.send({ key: `sms:${sid}`, action: verb === 'STOP' ? 'sever' : 'restore', scope, proof });
    if (!how.forged) sentTexts.set(world, [...(sentTexts.get(world) ?? []), fields]);
    await deliver(world, instance, fields, how);
  });
}

export const text = fc
  .record<Typed>({
    who: fc.constantFrom<Name | 'stranger'>('alice', 'alice', 'bob', 'bob', 'carol', 'stranger'),
    verb: fc.constantFrom<Typed['verb']>('STOP', 'STOP', 'RESTORE', 'RESTORE', 'RESTORE', 'STATUS'),
    scope: fc.constantFrom<ScopeName>(...scopeNames),
    code: fc.constantFrom(...codeKinds),
    n: fc.integer({ min: 1, max: 3 }),
    how: fc.record({
      relayed: fc.boolean(),
      forged: fc.constantFrom(false, false, false, false, false, false, false, true),
      heard: fc.constantFrom(true, true, true, false),
    }),
    instance: fc.nat(1),
    steps: fc.nat(40),
  })
  .map(textOf);

interface Guesses {
  readonly who: Name;
  readonly times: number;
  readonly steps: number;
}

/** Somebody types one wrong code after the other. */
export const guessesOf = ({ who, times, steps }: Guesses): Command =>
  new Command(`${who} types ${times} wrong codes`, steps, async (world) => {
    const how = { relayed: false, forged: false, heard: true };
    const wrong = { who, verb: 'RESTORE', scope: 'llm', code: 'wrong', n: 1, how, instance: 0, steps: 5 } as const;
    for (let i = 0; i < times; i += 1) await textOf(wrong).run({}, world);
  });

export const guesses = fc
  .record({ who: fc.constantFrom<Name>('alice', 'bob'), times: fc.integer({ min: 2, max: 5 }), steps: fc.nat(40) })
  .map(guessesOf);

interface Again {
  readonly ago: number;
  readonly relayed: boolean;
  readonly instance: number;
  readonly steps: number;
}

export const textAgainOf = ({ ago, relayed, instance, steps }: Again): Command =>
  new Command(
    `the text ${ago} before comes again${relayed ? ' by relay' : ''} to ${instance}`,
    steps,
    async (world) => {
      const fields = sentTexts.get(world)?.at(-1 - ago);
      if (fields) await deliver(world, instance, fields, { relayed, forged: false, heard: true });
    },
  );

export const textAgain = fc
  .record({ ago: fc.nat(3), relayed: fc.boolean(), instance: fc.nat(1), steps: fc.nat(40) })
  .map(textAgainOf);
