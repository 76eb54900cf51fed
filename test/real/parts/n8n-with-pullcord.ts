import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Receiver, startReceiver } from '../../support/receiver';
import { until } from '../../support/until';
import { type N8n, type N8nFolder, prepareN8n } from './n8n';
import { type NodePackage, packNodes } from './n8n-package';
import { shippedWorkflows, type Workflow } from './n8n-workflows';
import { prepareWholeProgram, type WholeProgram, type WholeProgramOptions } from './whole-program';

/** n8n with the node and the workflows as a user installs them, and a Pullcord that they reach, and that reaches them. */
export interface N8nWithPullcord {
  readonly nodes: NodePackage;
  readonly folder: N8nFolder;
  readonly n8n: N8n;
  readonly pullcord: WholeProgram;
  /** The team's channel. */
  readonly channel: Receiver;
  activate(...workflows: string[]): Promise<void>;
  /** Posts to a webhook of n8n. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
  /** What a node of the newest execution failed with, or the whole execution. */
  failure(workflow: string): Promise<string>;
  close(): Promise<void>;
}

export interface Options extends Pick<WholeProgramOptions, 'tokens' | 'config' | 'operators' | 'keys' | 'objects'> {
  /** Credentials of n8n by their id: the name of the token in each. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Besides the shipped ones. */
  readonly workflows: readonly Workflow[];
  /** For the nodes called Settings. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const WEBHOOKS_WITHIN_MS = 30_000;

export async function startN8nWithPullcord(options: Options): Promise<N8nWithPullcord> {
  const endings: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const end of endings.reverse()) await end();
  };
  try {
    const begun = await Promise.allSettled([packNodes(), prepareN8n(), startReceiver()]);
    const [nodes, folder, channel] = begun;
    if (nodes.status === 'fulfilled') endings.push(() => nodes.value.close());
    if (folder.status === 'fulfilled') endings.push(() => folder.value.remove());
    if (channel.status === 'fulfilled') endings.push(() => channel.value.close());
    if (nodes.status === 'rejected') throw nodes.reason;
    if (folder.status === 'rejected') throw folder.reason;
    if (channel.status === 'rejected') throw channel.reason;
    return await assemble(
      options,
      { nodes: nodes.value, folder: folder.value, channel: channel.value },
      endings,
      close,
    );
  } catch (error) {
    await close();
    throw error;
  }
}

async function assemble(
  options: Options,
  { nodes, folder, channel }: Pick<N8nWithPullcord, 'nodes' | 'folder' | 'channel'>,
  endings: (() => unknown)[],
  close: () => Promise<void>,
): Promise<N8nWithPullcord> {
  const pullcord = await prepareWholeProgram({ ...options, smsUrl: `${folder.url}/webhook/pullcord-sms` });
  endings.push(() => pullcord.close());
  const failed = (await Promise.allSettled([pullcord.start(), install()])).find(({ status }) => status === 'rejected');
  if (failed) throw (failed as PromiseRejectedResult).reason;
  const n8n = await folder.start();
  endings.push(() => n8n.remove());

  async function install(): Promise<void> {
    await nodes.unpackInto(folder.packages);
    const imports = join(folder.userFolder, 'import');
    mkdirSync(imports);
    const credentials = Object.entries(options.credentials).map(([id, token]) => ({
      ...{ id, name: id, type: 'pullcordApi' },
      data: { baseUrl: pullcord.url, token: pullcord.token(token) },
    }));
    const file = join(folder.userFolder, 'credentials.json');
    writeFileSync(file, JSON.stringify(credentials));
    const shipped = shippedWorkflows({ ...options.settings, channelUrl: channel.url });
    for (const workflow of [...shipped.values(), ...options.workflows])
      writeFileSync(join(imports, `${workflow.id}.json`), JSON.stringify(workflow));
    await folder.cli('import:credentials', `--input=${file}`);
    await folder.cli('import:workflow', '--separate', `--input=${imports}`);
  }

  return {
    ...{ nodes, folder, n8n, pullcord, channel, close },
    activate: async (...workflows) => {
      for (const id of workflows) await n8n.api('POST', `/workflows/${id}/activate`);
    },
    post: async (path, body = {}, headers = {}) => {
      const ask = async () => {
        const answer = await fetch(`${folder.url}/webhook/${path}`, {
          ...{
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify(body),
          },
        });
        return { status: answer.status, text: await answer.text() };
      };
      // It is ready a little before its webhooks are there.
      return until(async () => {
        const answer = await ask();
        return answer.status === 404 ? undefined : answer;
      }, WEBHOOKS_WITHIN_MS);
    },
    failure: async (workflow) => {
      const [newest] = await n8n.executions(workflow);
      const { error } = newest?.data?.resultData ?? {};
      return [error?.message, error?.description].filter(Boolean).join(' ');
    },
  };
}
