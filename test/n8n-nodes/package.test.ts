import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PullcordApi } from '../../n8n-nodes/credentials/PullcordApi.credentials';
import { Pullcord } from '../../n8n-nodes/nodes/Pullcord/Pullcord.node';
import { PullcordTrigger } from '../../n8n-nodes/nodes/PullcordTrigger/PullcordTrigger.node';
import { EVENT_TYPES } from '../../src/notify/events/event';
import { openDoor, secretOf, tokens } from '../support/http';

/** What the shipped workflows, n8n's list of nodes and its check of packages rely on. */

const root = join(__dirname, '../../n8n-nodes');
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const packageJson = read('package.json');
const nodes = [new Pullcord().description, new PullcordTrigger().description];

it('runs without any package, and no script of it runs at an install', () => {
  expect(Object.keys(packageJson).filter((name) => /dependencies/i.test(name))).toEqual([
    'devDependencies',
    'peerDependencies',
  ]);
  expect(packageJson.peerDependencies).toEqual({ 'n8n-workflow': '*' });
  expect(packageJson.files).toEqual(['dist']);
  expect(Object.keys(packageJson.scripts)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/install|^prepare$/)]),
  );
});

it('names every file that n8n loads, and each has its source', () => {
  const listed = [...packageJson.n8n.nodes, ...packageJson.n8n.credentials] as string[];
  expect(listed).toHaveLength(3);
  for (const file of listed)
    expect(existsSync(join(root, file.replace(/^dist\//, '').replace(/js$/, 'ts')))).toBe(true);
  const found = readdirSync(join(root, 'nodes'), { recursive: true }).filter((file) =>
    /\.node\.ts$/.test(String(file)),
  );
  expect(found).toHaveLength(packageJson.n8n.nodes.length);
});

it.each(nodes)(
  '$name is what workflows call it, with a codex, icons and the credential',
  ({ name, icon, credentials }) => {
    const folder = name.charAt(0).toUpperCase() + name.slice(1);
    expect(read(`nodes/${folder}/${folder}.node.json`).node).toBe(`${packageJson.name}.${name}`);
    expect(credentials).toEqual([{ name: new PullcordApi().name, required: true }]);
    for (const file of Object.values(icon)) {
      const svg = readFileSync(join(root, 'nodes', folder, file.replace('file:', '')), 'utf8');
      expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 60 60"/);
    }
  },
);

it('the trigger offers each event that Pullcord has', () => {
  const [events] = nodes[1]?.properties ?? [];
  expect(events?.options?.map(({ value }) => value).sort()).toEqual([...EVENT_TYPES].sort());
});

it('the test of the credential passes with a token of whatever right, and with no other', async () => {
  const { test, authenticate } = new PullcordApi();
  const door = await openDoor();
  try {
    const ask = async (name: string, slashes = ''): Promise<number> => {
      const $credentials = { baseUrl: `${door.url}${slashes}`, token: secretOf(name) };
      // n8n evaluates what stands between the braces.
      const evaluate = (expression: string): string =>
        expression
          .replace(/^=/, '')
          .replace(/\{\{(.*?)\}\}/, (_, code) => String(new Function('$credentials', `return ${code}`)($credentials)));
      const authorization = evaluate(authenticate.properties.headers.Authorization ?? '');
      return (await fetch(evaluate(test.request.baseURL) + test.request.url, { headers: { authorization } })).status;
    };
    for (const { name } of tokens) expect([name, await ask(name)]).toEqual([name, 200]);
    expect(await ask('n8n', '//')).toBe(200);
    expect(await ask('unknown')).toBe(401);
    expect(test.rules.map(({ properties: { value } }) => value)).toContain(401);
  } finally {
    await door.listener.close();
  }
});
