import fc from 'fast-check';
import { createLogger } from '../../src/log';
import { eventOf } from '../../src/notify/events/from-notice';
import { createWebhook } from '../../src/notify/webhook';
import { harmless, jsonLine, printable } from '../../src/printable';
import { call } from '../cli/call';
import { FakeRecords, openDoor } from '../support/http';
import { startReceiver } from '../support/receiver';
import { ALICE, type Door, STRANGER, startDoor } from '../support/sms-door';

/** Threat: a text message, or whatever else comes from outside, steers a terminal, a log, a reply or a workflow. */

/** What acts instead of being read: controls of both sets, ends of lines, what is invisible or turns a text around. */
const ACTS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const evil: readonly (readonly [string, string])[] = [
  ['a header', 'RESTORE\r\nSet-Cookie: a=b\r\n\r\n<html>'],
  ['a line of a log', 'nonsense\n{"level":"info","msg":"restored"}'],
  ['ANSI escapes', '\x1b[2J\x1b[31m\x1b]0;title\x07\x1b]8;;http://x\x1b\\'],
  ['C1 controls', '\u009b31m\u009d0;title\u009c\u0085'],
  ['a text turned around', 'agent \u202e erotser \u2066 x \u2069'],
  ['what is invisible', 'a\u200bg\u2060e\ufeffn\u00adt \u{e0041}\u{e007f}'],
  ['other ends of lines', 'a\u2028b\u2029c\vd\fe'],
  ['XML', '</Message><Redirect>http://x</Redirect><Message>&#10;'],
  ['a null', 'STATUS\0 x'],
];

describe('a text message with', () => {
  let door: Door;
  beforeEach(async () => {
    door = await startDoor();
  });
  afterEach(() => door.close());

  it.each(evil)(
    '%s is answered in plain ASCII, and leaves nothing of it in log, refusals and alarms',
    async (_what, text) => {
      for (const words of [text, `STOP ${text}`, `RESTORE ${text}`, `${text} STATUS`])
        for (const from of [ALICE, STRANGER]) {
          const { status, reply = '' } = await door.phone.text(from, words);
          expect(status).toBe(200);
          expect(reply).toMatch(/^[\x20-\x7e]{0,160}$/);
        }
      const kept = [door.log, door.desk.refusals, door.desk.asked, door.alarms, door.said, door.followed];
      for (const one of kept) {
        // JSON's own escapes: what was in a string is looked for in it.
        const strings: string[] = [];
        JSON.stringify(one, (_key, value) => (typeof value === 'string' ? strings.push(value) : value));
        for (const string of strings) expect(string).not.toMatch(ACTS);
        expect(strings.join(' ')).not.toMatch(/Set-Cookie|Redirect|title|restored"/);
      }
    },
  );
});

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...evil.flatMap(([, text]) => [...text])),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

describe('what does not act', () => {
  it('is JSON that reads as before, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), nasty, (value, text) => {
        const json = jsonLine({ value, text });
        expect(json).not.toMatch(ACTS);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ value, text })));
        expect(harmless(json)).toBe(json);
      }),
    );
  });

  it('is a line for a terminal', () => {
    fc.assert(fc.property(nasty, (text) => expect(printable(text)).not.toMatch(ACTS)));
  });
});

it('a line of the log is one line that does nothing, and tells the same to a program', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  fc.assert(
    fc.property(nasty, (text) => {
      lines.length = 0;
      logger.info({ said: text, err: new Error(text) }, text);
      const [line = '', ...more] = lines;
      expect(more).toEqual([]);
      expect(line.slice(0, -1)).not.toMatch(ACTS);
      expect(JSON.parse(line)).toMatchObject({ said: text, msg: text });
    }),
  );
});

describe.each(evil)('%s in the text of a notice', (_what, text) => {
  const notice = { kind: 'alarm', text: `agent: ${text}`, at: 0 } as const;

  it('reaches no workflow', () => {
    const event = eventOf(notice, 'trouble', 'id');
    expect(event.text).not.toMatch(ACTS);
    expect(event.text).toMatch(/^agent: /);
  });

  it('reaches no webhook', async () => {
    const receiver = await startReceiver();
    await createWebhook({ url: receiver.url, now: () => 0 }).tell(notice);
    await receiver.close();
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]?.raw).not.toMatch(ACTS);
    expect(receiver.received[0]?.body.text).not.toMatch(ACTS);
  });
});

describe('what stands in the ledger all the same', () => {
  it.each(evil)('%s does nothing in an answer of the API, nor in the command line', async (_what, text) => {
    const records = new FakeRecords();
    records.paper = [{ seq: 1, at: 0, kind: 'order', data: { text }, hash: 'ab' }];
    const door = await openDoor({ records });
    try {
      const { text: raw, json } = await door.call('GET', '/api/v1/ledger');
      expect(raw).not.toMatch(ACTS);
      expect(json.lines).toMatchObject([{ data: { text } }]);
      for (const options of [[], ['--json']]) {
        const { code, stdout } = await call(['ledger', 'show', ...options], { url: door.url });
        expect(code).toBe(0);
        expect(stdout.replace(/\n$/, '')).not.toMatch(ACTS);
      }
    } finally {
      await door.listener.close(0);
    }
  });
});

it.each(evil.filter(([, text]) => /[\p{Cc}\u2028-\u202e]/u.test(text)))(
  '%s is no reason for an order',
  async (_what, text) => {
    const door = await openDoor();
    const answered = await door.call('POST', '/api/v1/orders', { body: { action: 'sever', reason: text } });
    await door.listener.close(0);
    expect(answered).toMatchObject({ status: 400, json: { errors: [{ path: 'reason' }] } });
    expect(answered.text).not.toContain('Set-Cookie');
  },
);
