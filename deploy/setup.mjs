// Makes the route to LiteLLM and the agent's virtual key, each only if it isn't there: a route that Pullcord has
// rewritten to refuse must not be put back by a restart of this.

const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see .env.example`);
  return value;
};

const TIMEOUT_MS = 10_000;

const call = async (method, url, headers, body) => {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await response.body?.cancel();
  return response.status;
};

/** Asks first, makes it when there is none, and takes no other answer. */
const ensure = async (what, look, make) => {
  const seen = await look();
  if (seen === 200) return process.stdout.write(`${what}: there already\n`);
  if (seen !== 404) throw new Error(`${what}: looking for it was answered ${seen}`);
  const made = await make();
  if (made < 200 || made > 299) throw new Error(`${what}: making it was answered ${made}`);
  process.stdout.write(`${what}: made\n`);
};

const route = {
  name: 'llm',
  uris: ['/v1/*'],
  labels: { agent: 'openclaw', role: 'llm' },
  // Tokens reach the agent as they come.
  plugins: { 'proxy-buffering': { disable_proxy_buffering: true } },
  upstream: { type: 'roundrobin', nodes: { 'litellm:4000': 1 }, timeout: { connect: 5, send: 60, read: 600 } },
};

const apisix = `${need('APISIX_ADMIN_URL')}/apisix/admin/routes/llm`;
const apisixKey = { 'x-api-key': need('APISIX_ADMIN_KEY') };
await ensure(
  'route llm',
  () => call('GET', apisix, apisixKey),
  () => call('PUT', apisix, apisixKey, route),
);

const litellm = need('LITELLM_URL');
const litellmKey = { authorization: `Bearer ${need('LITELLM_MASTER_KEY')}` };
const agentKey = need('LITELLM_AGENT_KEY');
await ensure(
  "the agent's virtual key",
  () => call('GET', `${litellm}/key/info?key=${encodeURIComponent(agentKey)}`, litellmKey),
  () => call('POST', `${litellm}/key/generate`, litellmKey, { key: agentKey, key_alias: 'openclaw' }),
);
