import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NobleCryptoPlugin } from '@otplib/plugin-crypto-noble';
import { tokenChecker } from '../../src/intake/http/tokens';
import { isSigned } from '../../src/intake/sms/twilio-message';
import { backupCodeMac, findBackupCode } from '../../src/operators/backup-codes';
import { verifyCode } from '../../src/operators/totp';
import { codeOf, people } from '../support/desk';
import { tokenOf } from '../support/http';
import { ALICE, type Door, fieldsOf, formOf, STRANGER, sign, startDoor, TOKEN, WEBHOOK_URL } from '../support/sms-door';

/**
 * Threat: how long an answer takes tells how near a guess is. Shown by what compares, and not by a clock, which would
 * be right by chance: every secret is compared by a function that takes as long whatever it finds, to its end.
 */

// The object that all other modules have, so that theirs is spied upon.
const crypto = require('node:crypto') as typeof import('node:crypto');
let compared: jest.SpyInstance;
beforeEach(() => {
  compared = jest.spyOn(crypto, 'timingSafeEqual');
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** How many bytes each comparison was of. */
const lengths = () => compared.mock.calls.map(([one]) => (one as Buffer).length);

describe('what is compared in constant time', () => {
  it.each(['n8n-secret', 'other-secret', 'x', 'n8n-secre'])('a token, with every one that there is: %s', (sent) => {
    const check = tokenChecker([tokenOf('n8n', ['stop']), tokenOf('other', ['status']), tokenOf('third', ['stop'])]);
    check(`Bearer ${sent}`);
    expect(lengths()).toEqual([32, 32, 32]);
  });

  it.each([0, 1, 2])('a backup code, with every one of everybody: that of operator %i', (owner) => {
    const key = Buffer.alloc(32, 7);
    const operators = people.map((one, i) => ({
      ...one,
      backupCodes: [{ id: `${i}`, mac: backupCodeMac(key, `${i}`.repeat(12)) }],
    }));
    expect(findBackupCode(operators, key, `${owner}`.repeat(12))?.id).toBe(owner < 2 ? `${owner}` : undefined);
    expect(lengths()).toEqual([32, 32]);
  });

  it.each([TOKEN, 'another'])("Twilio's signature: %s", (token) => {
    const fields = fieldsOf();
    expect(isSigned([TOKEN], sign(fields, WEBHOOK_URL, token), WEBHOOK_URL, fields)).toBe(token === TOKEN);
    // The base64 of SHA-1; with the default port and without, until one fits.
    expect(lengths().length).toBeGreaterThan(0);
    expect(new Set(lengths())).toEqual(new Set([28]));
  });

  it('a one-time password', () => {
    const equal = jest.spyOn(NobleCryptoPlugin.prototype, 'constantTimeEqual');
    const now = Date.UTC(2026, 0, 1);
    const secret = people[0]?.totpSecret ?? '';
    for (const code of [codeOf('alice', now), '000000']) {
      equal.mockClear();
      verifyCode({ secret, code, lastStep: -1, now });
      expect(equal.mock.calls.length).toBeGreaterThan(0);
      expect(equal.mock.calls.every(([, sent]) => String(sent) === code)).toBe(true);
    }
  });

  it('a signature of Pullcord, by the guard: all bytes, whatever they are', () => {
    const guard = readFileSync(join(__dirname, '../../gateway/pullcord-guard.lua'), 'utf8');
    expect(guard).toMatch(/bit\.bor\(\w+, *bit\.bxor\(/);
  });
});

describe('what a sender that is known takes longer for', () => {
  let door: Door;
  beforeEach(async () => {
    door = await startDoor();
  });
  afterEach(() => door.close());

  async function post(fields: Record<string, string>, signature: string) {
    const looked = jest.spyOn(door.desk, 'operatorOf').mockClear();
    const answered = await fetch(door.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': signature,
        'x-request-id': 'same',
      },
      body: formOf(fields),
    });
    const headers = [...answered.headers].filter(([name]) => name !== 'date');
    return { status: answered.status, headers, text: await answered.text(), looked: looked.mock.calls.length };
  }

  it('is seen by nobody who cannot sign: who sent it is not even looked up', async () => {
    const answers = [];
    for (const From of [ALICE, STRANGER])
      for (const signature of ['', 'x', `${'A'.repeat(27)}=`])
        answers.push({ signature, ...(await post(fieldsOf({ From, Body: 'STOP 492039' }), signature)) });
    expect(answers.slice(0, 3)).toEqual(answers.slice(3));
    expect(answers.every(({ looked, status, text }) => looked === 0 && status === 403 && text === '')).toBe(true);
  });

  it('is all that tells them apart: both messages are read, understood and looked up in the same way', async () => {
    const signed = (From: string) => {
      const fields = fieldsOf({ From, Body: 'nonsense' });
      return post(fields, sign(fields));
    };
    const [known, unknown] = [await signed(ALICE), await signed(STRANGER)];
    expect([known.looked, unknown.looked]).toEqual([1, 1]);
    expect([known.status, unknown.status]).toEqual([200, 200]);
    expect(door.log.filter(({ msg }) => msg === 'text message')).toHaveLength(2);
  });
});
