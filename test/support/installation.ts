import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type RequestListener, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSecret } from 'otplib';
import { type Config, type ConfigInput, configSchema } from '../../src/config/schema';
import { deriveKeys, type Keys, parseMasterKey } from '../../src/config/secrets';
import { CLAMP_PATH, clampRule } from '../../src/cutters/apisix/clamp';
import { makeBackupCodes } from '../../src/operators/backup-codes';
import { type OperatorsFile, openOperatorsFile, operatorsPath } from '../../src/operators/file';
import type { Operator } from '../../src/operators/operator';
import { type Apisix, type ApisixOptions, startApisix } from '../../src/sandbox/apisix';
import { type Listener, listen } from '../../src/sandbox/apisix/listener';
import { gatewayObjects, gatewayScopes } from '../../src/sandbox/gateway-objects';
import { check } from '../../src/supervision/check';
import type { Finding } from '../../src/supervision/checks/finding';
import type { Readiness } from '../../src/supervision/readiness';
import { FakeRecords, type Door as InternalDoor, openDoor } from './http';
import { ACCOUNT, NUMBER, type Door as PublicDoor, startDoor, TOKEN } from './sms-door';

/** A good installation to be checked: gateway, phone, both listeners, a proxy before the public one, two operators. */
export interface Installation {
  readonly apisix: Apisix;
  readonly door: PublicDoor;
  readonly internal: InternalDoor;
  /** What the internal listener's ledger holds. */
  readonly records: FakeRecords;
  /** Answers at the public URL. Set `front` to answer in the place of the door. */
  readonly proxy: Listener & { front: RequestListener | undefined };
  readonly dataDir: string;
  readonly configFile: string;
  readonly config: ConfigInput;
  readonly keys: Keys;
  readonly operators: OperatorsFile;
  /** What `/readyz` answers. */
  readiness: Readiness;
  admin(method: string, path: string, body?: unknown): Promise<void>;
  /** Puts the clamp as a Pullcord that serves keeps it. */
  rearm(): Promise<void>;
  /** All findings; the configuration may be another one. */
  check(change?: Partial<ConfigInput>, options?: CheckedWith): Promise<readonly Finding[]>;
  close(): Promise<void>;
}

export interface CheckedWith {
  readonly now?: () => number;
  readonly token?: string;
  readonly twilioApiUrl?: string;
}

export async function startInstallation(options: ApisixOptions = {}): Promise<Installation> {
  const dataDir = mkdtempSync(join(tmpdir(), 'pullcord-check-'));
  const configFile = join(dataDir, 'pullcord.yaml');
  writeFileSync(configFile, `key: \${PULLCORD_KEY}\n`, { mode: 0o644 });
  const apisix = await startApisix(options);
  const admin: Installation['admin'] = async (method, path, body) => {
    const answer = await fetch(`${apisix.adminUrl}/apisix/admin/${path}`, {
      method,
      headers: { 'x-api-key': apisix.adminKey },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    await answer.body?.cancel();
  };
  for (const [path, body] of gatewayObjects('http://127.0.0.1:9')) await admin('PUT', path, body);
  const rearm = () => admin('PUT', CLAMP_PATH, clampRule([]));
  await rearm();

  let front: RequestListener | undefined;
  let door: PublicDoor | undefined;
  const proxy = await listen({
    port: 0,
    onRequest: (req, res) => {
      if (front) return front(req, res);
      const onward = request(`${new URL(door?.url ?? '').origin}${req.url}`, {
        method: req.method,
        headers: req.headers,
      });
      onward.on('response', (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(res);
      });
      onward.on('error', () => res.writeHead(502).end());
      return void req.pipe(onward);
    },
  });
  door = await startDoor({ publicUrl: proxy.url, signedUrl: `${proxy.url}/sms/twilio` });
  const publicDoor = door;
  const state: { readiness: Readiness } = {
    readiness: { state: 'armed', parts: [{ name: 'ledger', ok: true, detail: '' }] },
  };
  const records = new FakeRecords();
  const internal = await openDoor({ records, ready: async () => state.readiness });

  const key = randomBytes(32).toString('hex');
  const config: ConfigInput = {
    publicUrl: proxy.url,
    listen: { public: new URL(publicDoor.url).host, internal: new URL(internal.url).host },
    ...{ dataDir, key },
    gateways: {
      main: { adminUrl: apisix.adminUrl, adminKey: apisix.adminKey, gatewayUrls: [...apisix.gatewayUrls] },
    },
    scopes: gatewayScopes,
    sms: { twilio: { accountSid: ACCOUNT, authTokens: [TOKEN], numbers: [NUMBER] } },
  };
  const keys = deriveKeys(parseMasterKey(key));
  const operators = openOperatorsFile({
    ...{ path: operatorsPath({ dataDir, operatorsFile: undefined }), keys, now: Date.now, onTrouble: () => undefined },
  });
  const enrol = (name: string, phone: string): Operator => ({
    ...{ name, phones: [phone], rights: ['stop', 'restore', 'status'], totpSecret: generateSecret() },
    backupCodes: makeBackupCodes(keys.backupCodes).kept,
  });
  operators.change(() => [enrol('alice', '+15550100001'), enrol('bob', '+15550100002')]);

  return {
    ...{ apisix, door: publicDoor, internal, records, dataDir, configFile, config, keys, operators, admin, rearm },
    proxy: Object.defineProperty({ ...proxy, front }, 'front', {
      get: () => front,
      set: (value: RequestListener | undefined) => {
        front = value;
      },
    }),
    get readiness() {
      return state.readiness;
    },
    set readiness(readiness) {
      state.readiness = readiness;
    },
    check: (change = {}, { now = Date.now, twilioApiUrl = publicDoor.phone.restUrl, ...rest } = {}) => {
      const changed: Config = configSchema.parse({ ...config, ...change });
      return check({ config: changed, configFile, warnings: [], keys, now, twilioApiUrl, ...rest });
    },
    close: async () => {
      await Promise.all([apisix.close(), publicDoor.close(), internal.listener.close(100), proxy.close()]);
      rmSync(dataDir, { recursive: true });
    },
  };
}

/** What is not as it should be, in the order of the checks. */
export const wrong = (findings: readonly Finding[]): string[] =>
  findings.filter(({ level }) => level !== 'ok').map(({ level, check: name, what }) => `${level} ${name}: ${what}`);

/** The one thing that a good installation on one machine can't have: an address that the internet reaches. */
export const LOCAL = 'warning public URL: 127.0.0.1 cannot be reached from the internet';
