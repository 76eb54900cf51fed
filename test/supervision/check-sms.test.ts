import type { RequestListener } from 'node:http';
import { spellingFindings } from '../../src/supervision/checks/public-url';
import { type Installation, LOCAL, startInstallation, wrong } from '../support/installation';
import { ACCOUNT, NUMBER, TOKEN } from '../support/sms-door';

let one: Installation;
beforeAll(async () => {
  one = await startInstallation();
});
afterEach(async () => {
  one.proxy.front = undefined;
  await one.proxy.accept();
  one.door.desk.refusals.length = 0;
  one.door.phone.mishaps.length = 0;
});
afterAll(() => one.close());

const twilio = () => ({ accountSid: ACCOUNT, authTokens: [TOKEN], numbers: [NUMBER] });
const withTwilio = (change: object, publicUrl = one.proxy.url) =>
  one.check({ publicUrl, sms: { twilio: { ...twilio(), ...change } } });
const answers =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): RequestListener =>
  (req, res) => {
    req.resume();
    res.writeHead(status, headers).end(body);
  };
const put = (front: RequestListener): void => {
  one.proxy.front = front;
};
const url = () => `${one.proxy.url}/sms/twilio`;
const adviceOf = (findings: Awaited<ReturnType<Installation['check']>>): string =>
  findings.find(({ level }) => level === 'fault')?.advice ?? '';
/** What only the public URL's check has to say, without its word on this machine's address. */
const ofUrl = (findings: Awaited<ReturnType<Installation['check']>>): string[] =>
  wrong(findings).filter((line) => line !== LOCAL && line.includes(' public URL: '));

describe('the public URL', () => {
  it('is good when a signed message comes through; it is a stranger, and orders nothing', async () => {
    const findings = await one.check();
    expect(findings).toContainEqual({
      ...{ check: 'public URL', level: 'ok' },
      what: `a signed message comes through ${url()}`,
    });
    expect(one.door.desk.reasons).toEqual(['unknown-sender']);
    expect(one.door.desk.asked).toEqual([]);
    expect(one.door.said).toEqual([]);
  });

  it('that Twilio signs otherwise is a fault: another token', async () => {
    const findings = await withTwilio({ authTokens: ['another-token'] });
    expect(ofUrl(findings)).toEqual([
      `fault public URL: ${url()} refuses a message that is signed with the first of sms.twilio.authTokens (403)`,
    ]);
    expect(adviceOf(findings)).toContain('Restart Pullcord');
    expect(JSON.stringify(findings)).not.toContain('another-token');
  });

  it('that a proxy changes the body of is a fault, and told apart', async () => {
    one.proxy.front = (req, res) => {
      let body = '';
      req.on('data', (chunk: Buffer) => (body += chunk.toString()));
      req.on('end', () => {
        void fetch(one.door.url, {
          method: 'POST',
          headers: {
            'content-type': String(req.headers['content-type']),
            'x-twilio-signature': String(req.headers['x-twilio-signature']),
          },
          body: `${body}&added=1`,
        }).then((answer) => res.writeHead(answer.status).end());
      });
    };
    const findings = await one.check();
    expect(ofUrl(findings)).toEqual([
      `fault public URL: ${url()} refuses a signed message (403), which Pullcord itself takes: something between changes or filters it`,
    ]);
    expect(adviceOf(findings)).toContain('Let the proxy pass the body');
    expect(one.door.desk.reasons).toEqual(['bad-signature', 'unknown-sender']);
  });

  it.each<[string, RequestListener, string, string]>([
    ['404', answers(404), 'is not there (404)', 'pass this path on'],
    ['405', answers(405), 'is not there (405)', 'pass this path on'],
    ['a page', answers(200, {}, '<html>Welcome</html>'), 'is not Pullcord', 'pass it on to listen.public'],
    [
      'a redirect',
      answers(301, { location: 'https://www.example.org/sms/twilio' }),
      'leads on to https://www.example.org/sms/twilio',
      'last address',
    ],
    ['a login', answers(401), 'answers a signed message with 401', 'log of the proxy'],
    ['502', answers(502), 'answers a signed message with 502', 'log of the proxy'],
  ])('where a proxy answers %s is a fault', async (_, front, what, advice) => {
    one.proxy.front = front;
    const findings = await one.check();
    expect(ofUrl(findings)).toEqual([expect.stringContaining('fault public URL: ')]);
    expect(ofUrl(findings)[0]).toContain(what);
    expect(adviceOf(findings)).toContain(advice);
  });

  it.each<[string, () => void | Promise<void>, RegExp]>([
    ['refuses', () => one.proxy.refuse(), /ECONNREFUSED/],
    ['breaks off', () => put((req) => void req.socket.destroy()), /ECONNRESET/],
  ])('that cannot be reached from here is a warning: it %s', async (_, break_, code) => {
    await break_();
    const findings = await one.check();
    expect(ofUrl(findings)).toEqual([expect.stringMatching(/^warning public URL: .* cannot be reached from here/)]);
    expect(ofUrl(findings)[0]).toMatch(code);
    expect(findings.find(({ what }) => what.includes('reached from here'))?.advice).toContain('Behind NAT');
  });

  it('that answers 502 while Pullcord does not serve is a warning: start it', async () => {
    one.proxy.front = answers(502);
    const findings = await one.check({ listen: { ...one.config.listen, internal: '127.0.0.1:1' } });
    expect(ofUrl(findings)).toEqual([`warning public URL: ${url()} answers 502: Pullcord does not serve`]);
  });

  it('that ends in /sms/twilio already is a fault', async () => {
    const findings = await withTwilio({}, url());
    expect(ofUrl(findings)).toContain(`fault public URL: ${url()}/sms/twilio is what Twilio would call`);
    expect(findings.find(({ what }) => what.includes('would call'))?.advice).toContain('Take /sms/twilio');
  });

  it.each([
    ['http://10.1.2.3', 'warning public URL: 10.1.2.3 cannot be reached from the internet'],
    ['https://pullcord.home.arpa', 'warning public URL: pullcord.home.arpa cannot be reached from the internet'],
    ['https://pullcord', 'warning public URL: pullcord cannot be reached from the internet'],
    ['https://[fd00::1]', 'warning public URL: [fd00::1] cannot be reached from the internet'],
  ])('%s is no address for Twilio', (publicUrl, finding) => {
    expect(wrong(spellingFindings(`${publicUrl}/sms/twilio`))).toEqual([finding]);
  });

  it.each(['https://pullcord.example.org', 'https://203.0.113.7:8443', 'https://[2001:db8::1]'])(
    '%s is one',
    (publicUrl) => {
      expect(spellingFindings(`${publicUrl}/sms/twilio`)).toEqual([]);
    },
  );
});

describe('Twilio', () => {
  const ofTwilio = (findings: Awaited<ReturnType<Installation['check']>>): string[] =>
    wrong(findings).filter((line) => line.includes(' Twilio: '));

  it('calls what signatures are checked against: good', async () => {
    expect(await one.check()).toContainEqual({ check: 'Twilio', level: 'ok', what: `${NUMBER} calls ${url()}` });
  });

  it.each([
    ['what follows #', (configured: string) => `${configured}#rc=2&rp=all`],
    ['nothing more', (configured: string) => configured],
  ])('may add %s', async (_, configure) => {
    one.door.phone.mishaps.push(listed({ sms_url: configure(url()) }));
    expect(ofTwilio(await one.check())).toEqual([]);
  });

  const listed = (settings: object, number = NUMBER) => ({
    status: 200,
    text: JSON.stringify({ incoming_phone_numbers: [{ phone_number: number, sms_url: url(), ...settings }] }),
  });

  it.each<[string, object, string]>([
    [
      'another address',
      { sms_url: 'https://old.example.org/sms/twilio' },
      'fault Twilio: {n} calls https://old.example.org/sms/twilio, but signatures are checked against {u}',
    ],
    ['a slash more', { sms_url: '{u}/' }, 'fault Twilio: {n} calls {u}/, but signatures are checked against {u}'],
    ['nothing', { sms_url: '' }, 'fault Twilio: {n} calls nothing when a message comes in'],
    ['by GET', { sms_method: 'GET' }, 'fault Twilio: {n} calls by GET'],
    ['no texts', { capabilities: { sms: false } }, 'fault Twilio: {n} takes no text messages'],
    [
      'an app',
      { sms_application_sid: 'AP1' },
      'warning Twilio: {n} belongs to the TwiML app AP1, which decides what is called',
    ],
  ])('that calls %s', async (_, settings, finding) => {
    const filled = JSON.parse(JSON.stringify(settings).replaceAll('{u}', url())) as object;
    one.door.phone.mishaps.push(listed(filled));
    expect(ofTwilio(await one.check())).toEqual([finding.replaceAll('{n}', NUMBER).replaceAll('{u}', url())]);
  });

  it('that calls a relay is a warning, without the address of the webhook', async () => {
    const relay = 'https://n8n.example.org/webhook/0f8a-sms';
    one.door.phone.mishaps.push(listed({ sms_url: `${relay}#rc=2` }));
    const findings = await withTwilio({ relayUrls: [relay] });
    expect(ofTwilio(findings)).toEqual([
      `warning Twilio: ${NUMBER} calls one of sms.twilio.relayUrls: while the relay is down, no text message gets here`,
    ]);
    expect(JSON.stringify(findings)).not.toContain('0f8a-sms');
    one.door.phone.mishaps.push(listed({ sms_url: relay }));
    expect(ofTwilio(await withTwilio({ relayUrls: ['https://n8n.example.org/webhook/other'] }))).toEqual([
      expect.stringMatching(/^fault Twilio: .* but signatures are checked against/),
    ]);
  });

  it('does not show a password of its address', async () => {
    one.door.phone.mishaps.push(listed({ sms_url: 'https://me:hidden@old.example.org/sms' }));
    const findings = await one.check();
    expect(ofTwilio(findings)[0]).toContain('https://…@old.example.org/sms');
    expect(JSON.stringify(findings)).not.toContain('hidden');
  });

  it("a number that is not the account's is a fault, also when it is part of one that is", async () => {
    const finding = (number: string) => `fault Twilio: ${number} is none of the account's numbers`;
    expect(ofTwilio(await withTwilio({ numbers: [NUMBER, '+15550100501'] }))).toEqual([finding('+15550100501')]);
    const part = NUMBER.slice(0, -1);
    expect(ofTwilio(await withTwilio({ numbers: [NUMBER, part] }))).toEqual([finding(part)]);
  });

  it('credentials that it refuses are one fault, however many numbers there are', async () => {
    const findings = await withTwilio({ authTokens: ['another-token', TOKEN], numbers: [NUMBER, '+15550100501'] });
    expect(ofTwilio(findings)).toEqual(['fault Twilio: refuses the first of sms.twilio.authTokens (401)']);
  });

  it('that fails or cannot be reached is a warning', async () => {
    one.door.phone.mishaps.push({ status: 500, text: 'no' });
    expect(ofTwilio(await one.check())).toEqual(['warning Twilio: answered 500 when it was asked for the numbers']);
    const cannot =
      'warning Twilio: cannot be asked from here: no result can be texted, but for what is seen within seconds';
    expect(ofTwilio(await one.check({}, { twilioApiUrl: 'http://127.0.0.1:1' }))).toEqual([cannot]);
  });

  it('that is silent, with a public URL that is, is a warning each, within the time', async () => {
    one.door.phone.mishaps.push('silence');
    put((req) => void req.resume());
    const began = performance.now();
    const findings = await one.check();
    expect(performance.now() - began).toBeLessThan(6_000);
    expect(ofTwilio(findings)).toEqual([expect.stringMatching(/^warning Twilio: cannot be asked from here/)]);
    expect(ofUrl(findings)).toEqual([expect.stringMatching(/cannot be reached from here \(no answer in 3000 ms\)/)]);
  });
});

describe('the service', () => {
  const parts = [
    { name: 'ledger', ok: true, detail: '' },
    { name: 'cutter apisix main', ok: false, detail: 'gw-1 does not answer' },
  ];
  afterEach(() => {
    one.readiness = { state: 'armed', parts: parts.slice(0, 1) };
  });

  it.each([
    ['degraded', 'warning'],
    ['disarmed', 'fault'],
  ] as const)('that says it is %s is a %s, with what is wrong', async (state, level) => {
    one.readiness = { state, parts };
    expect(wrong(await one.check()).at(-1)).toBe(
      `${level} service: serves at ${one.internal.url}, ${state}: cutter apisix main: gw-1 does not answer`,
    );
  });

  it('is told from something else on its port', async () => {
    const { host } = new URL(one.apisix.adminUrl);
    const findings = await one.check({ listen: { ...one.config.listen, internal: host } });
    expect(wrong(findings)).toContainEqual(
      expect.stringMatching(
        /^fault service: what is at http:.* does not answer as Pullcord does: it answers \/readyz with 404$/,
      ),
    );
  });
});
