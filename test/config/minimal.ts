/** The least that is a configuration, and the environment that it needs. */
export const minimalYaml = `publicUrl: https://pullcord.example.org
key: \${PULLCORD_KEY}
gateways:
  main:
    adminUrl: http://127.0.0.1:9180
    adminKey: \${ADMIN_KEY}
    gatewayUrls: [http://127.0.0.1:9080]
scopes:
  agent:
    routes:
      - all: true
`;

export const minimalEnv: Readonly<Record<string, string>> = {
  PULLCORD_KEY: 'ab'.repeat(32),
  ADMIN_KEY: 'admin-secret',
};

/** Reads from memory; anything else is not there. */
export const filesOf =
  (files: Readonly<Record<string, string>>) =>
  (path: string): string => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };

/** As little as there can be, but for the scopes, as it is read. */
export const minimal = {
  publicUrl: 'https://pullcord.example.org',
  key: 'k',
  gateways: { main: { adminUrl: 'http://127.0.0.1:1', adminKey: 'k', gatewayUrls: ['http://127.0.0.1:2'] } },
};
