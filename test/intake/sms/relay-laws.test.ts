import fc from 'fast-check';
import { type Fields, paramsOf, RELAY_URL, type RelayDoor, startRelayDoor } from '../../support/relay';
import { fieldsOf, formOf, sign } from '../../support/sms-door';

let door: RelayDoor;
beforeAll(async () => {
  door = await startRelayDoor();
});
afterAll(() => door.close());
beforeEach(() => {
  door.desk.asked.length = 0;
});

const text = fc.oneof(
  fc.constantFrom('', ' ', '+', '%', '%2B', '+1 555', 'a+b c%20d', 'é', 'ü & = ;', '\u{1F6D1}', ' STOP \r\n', '"\\'),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);
/** What is no name of the fields that matter, nor one that the reader of forms can't take as it came. */
const key = text.filter((name) => !/^(MessageSid|AccountSid|From|To|Body|OptOutType|__proto__)$/.test(name));
const more = fc.dictionary(key, fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })), { maxKeys: 6 });

it('whatever Twilio sends survives the way through the form, n8n and JSON: it is taken as signed', async () => {
  await fc.assert(
    fc.asyncProperty(more, async (extra) => {
      door.desk.asked.length = 0;
      const fields: Fields = { ...extra, ...fieldsOf() };
      expect(await door.relayed(fields)).toMatchObject({ status: 200, json: { understood: 'sever' } });
      expect(door.desk.asked).toHaveLength(1);
    }),
    { numRuns: 150 },
  );
});

const fields = fieldsOf();
const params = paramsOf(formOf(fields)) as Record<string, string>;
const names = Object.keys(params);
/** The text with one bit of one character changed. */
const bent = (whole: string, at: number, bit: number): string => {
  const i = at % whole.length;
  return whole.slice(0, i) + String.fromCharCode(whole.charCodeAt(i) ^ (1 << bit)) + whole.slice(i + 1);
};
const place = { at: fc.nat(), bit: fc.integer({ min: 0, max: 6 }) };

const bend = fc.oneof(
  fc.record({ what: fc.constant('url' as const), ...place }),
  fc.record({ what: fc.constant('signature' as const), ...place }),
  fc.record({ what: fc.constant('key' as const), name: fc.constantFrom(...names), ...place }),
  fc.record({
    what: fc.constant('value' as const),
    name: fc.constantFrom(...names.filter((name) => params[name] !== '')),
    ...place,
  }),
);

it('one bent bit in what was signed for, in the signature or in any pair: refused, and nobody is asked', async () => {
  await fc.assert(
    fc.asyncProperty(bend, async (where) => {
      const { at, bit } = where;
      const changed = { ...params };
      let signature = sign(fields, RELAY_URL);
      if (where.what === 'signature') signature = bent(signature, at, bit);
      else if (where.what === 'url') signature = sign(fields, bent(RELAY_URL, at, bit));
      else if (where.what === 'value') changed[where.name] = bent(params[where.name] ?? '', at, bit);
      else {
        delete changed[where.name];
        changed[bent(where.name, at, bit)] = params[where.name] ?? '';
      }
      const { status, json } = await door.relayed(fields, { signature, params: changed });
      expect([403, 'bad-signature']).toEqual([status, json.reason]);
      expect(door.desk.asked).toEqual([]);
    }),
    { numRuns: 400 },
  );
  // Else it would hold of a door that takes nothing.
  expect(await door.relayed(fields)).toMatchObject({ status: 200 });
});
