import { createHash } from 'node:crypto';
import { askable, BARE_KEY, sha256 } from '../../../src/console/web/pages/why-subject';
import { BARE_KEY as SERVERS } from '../../../src/why/subject';

const KEY = 'sk-abcdefgh12345678';

describe('what is asked about', () => {
  it('is told from a key as the server tells it', () => expect(BARE_KEY).toEqual(SERVERS));

  it.each([
    [' agent ', 'agent'],
    ['/v1/x?api_key=secret#y', '/v1/x'],
    ['POST /v1/x?a', 'POST /v1/x'],
    ['https://host/v1/x?a=b', 'https://host/v1/x'],
    ['what? is this', 'what? is this'],
  ])('%s', async (text, subject) => expect(await askable(text, sha256)).toEqual({ subject }));

  it('sends the hash of a key, never the key', async () => {
    const subject = createHash('sha256').update(KEY).digest('hex');
    expect(await askable(KEY, sha256)).toEqual({ subject });
  });

  it.each([
    ['', sha256],
    [KEY, undefined],
    [`/v1/x/${KEY}`, sha256],
    [`key ${KEY}`, sha256],
  ])('nothing goes out of %j', async (text, hash) => {
    expect(await askable(text, hash)).toEqual({ fault: expect.not.stringContaining(KEY) });
  });
});
