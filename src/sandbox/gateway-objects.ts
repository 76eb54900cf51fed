/** What a homelab's gateway holds: the agent's routes to its models and tools, and one of somebody else. */
export function gatewayObjects(upstreamUrl: string): readonly (readonly [path: string, body: unknown])[] {
  const nodes = { [new URL(upstreamUrl).host]: 1 };
  const upstream = { type: 'roundrobin', nodes };
  const labels = { agent: 'openclaw' };
  return [
    ['upstreams/litellm', { name: 'litellm', ...upstream, timeout: { connect: 3, send: 60, read: 60 } }],
    ['services/models', { name: 'models', upstream_id: 'litellm' }],
    ['routes/chat', { name: 'chat', uri: '/v1/chat/completions', service_id: 'models', labels, priority: 5 }],
    ['routes/embeddings', { name: 'embeddings', uri: '/v1/embeddings', service_id: 'models', labels }],
    ['routes/tools', { name: 'tools', uri: '/tools/*', methods: ['GET', 'POST'], upstream, labels, desc: 'MCP tools' }],
    ['routes/fallback', { name: 'fallback', uri: '/fallback/*', upstream_id: 'litellm', labels: { tier: 'fallback' } }],
    ['routes/old-tool', { name: 'old-tool', uri: '/old/*', upstream, labels, status: 0 }],
    ['routes/home', { name: 'home', uri: '/health/*', upstream, desc: 'not the agent: stays' }],
  ];
}

/** The scopes that go with them. */
export const gatewayScopes = {
  agent: { routes: [{ label: 'agent=openclaw' }, { label: 'tier=fallback' }] },
  llm: { routes: [{ service: 'models' }, { label: 'tier=fallback' }] },
  fallback: { routes: [{ label: 'tier=fallback' }] },
};
