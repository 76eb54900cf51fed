import { type Answer, problem } from './exchange';
import { listKeys } from './key-list';
import { hashIfNeeded, hashToken, type Keys } from './keys';
import type { SandboxLiteLLMOptions } from './options';

/** The management API, `/key/…`: as it answers an administrator, a viewer, a stranger, and without its database. */
export interface ManagementCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly worker: number;
}

interface Context {
  readonly settings: Required<SandboxLiteLLMOptions>;
  readonly keys: Keys;
}

const READS = ['GET /key/info', 'GET /key/list'];
const WRITES = ['POST /key/block', 'POST /key/unblock', 'POST /key/generate'];

export function manage(call: ManagementCall, { settings, keys }: Context): Answer {
  const what = `${call.method} ${call.path}`;
  if (!READS.includes(what) && !WRITES.includes(what)) return { status: 404, json: { detail: 'Not Found' } };
  if (!settings.database) return problem(500, 'No db connected', 'no_db_connection');
  // Whoever asks for no key in particular is told of its own.
  const own = keys.row(hashToken(call.key));
  if (what === 'GET /key/info' && own && !call.query.has('key')) return keyInfo(call.key, keys);
  const viewer = call.key === settings.viewerKey;
  if (call.key !== settings.masterKey && !viewer) return notInDatabase(hashToken(call.key));
  if (viewer && WRITES.includes(what))
    return problem(
      403,
      `user not allowed to access this route, role= proxy_admin_viewer. Trying to access: ${call.path}`,
      'auth_error',
    );
  switch (what) {
    case 'GET /key/info':
      return keyInfo(call.query.get('key') ?? '', keys);
    case 'GET /key/list':
      return listKeys(call.query, keys);
    case 'POST /key/generate':
      return generate(call.body, keys);
    default:
      return setBlocked(call, keys);
  }
}

function keyInfo(key: string, keys: Keys): Answer {
  const row = keys.row(hashIfNeeded(key));
  if (row === undefined) return problem(404, 'Key not found in database', 'not_found_error', 'key');
  const { token: _token, ...info } = row;
  return { status: 200, json: { key, info } };
}

function setBlocked({ path, body, worker }: ManagementCall, keys: Keys): Answer {
  const hash = hashIfNeeded(typeof body.key === 'string' ? body.key : '');
  if (!/^[0-9a-f]{64}$/.test(hash)) return problem(400, 'Invalid key format.', 'bad_request_error', 'key');
  const row = keys.setBlocked(hash, path === '/key/block', worker);
  return row === undefined ? notInDatabase(hash) : { status: 200, json: row };
}

function generate({ key, key_alias: alias }: Readonly<Record<string, unknown>>, keys: Keys): Answer {
  const wanted = typeof key === 'string' ? key : undefined;
  if (wanted !== undefined && keys.row(hashToken(wanted)) !== undefined)
    return problem(400, 'Authentication Error, Unique constraint failed on the fields: (`token`)', 'auth_error');
  const added = keys.add(typeof alias === 'string' ? alias : null, wanted);
  return { status: 200, json: { key: added.key, token: added.row.token, key_alias: added.row.key_alias } };
}

/** The same answer for a wrong admin key and for an unknown key: only the hash tells them apart. */
const notInDatabase = (hash: string): Answer =>
  problem(
    401,
    `Authentication Error, Invalid proxy server token passed. Key Hash (Token) =${hash}. Unable to find token in cache or \`LiteLLM_VerificationTokenTable\`; not found in db`,
    'token_not_found_in_db',
    'key',
  );
