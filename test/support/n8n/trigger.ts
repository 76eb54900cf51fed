import { PullcordTrigger } from '../../../n8n-nodes/nodes/PullcordTrigger/PullcordTrigger.node';
import { listen } from '../../../src/sandbox/apisix/listener';
import { type Credential, NODE, requests, type Sent } from './runs';
import type { IDataObject, IHookFunctions, IWebhookFunctions } from './workflow';

/** A workflow that begins with the trigger, in an n8n that answers webhooks over real HTTP. */
export interface Workflow {
  readonly url: string;
  /** What the workflow was started with, in the order of its coming. */
  readonly executions: IDataObject[];
  /** The status of every answer. */
  readonly statuses: number[];
  readonly warnings: string[];
  /** Of the node, as n8n keeps it. */
  readonly staticData: IDataObject;
  readonly sent: Sent[];
  /** While false, n8n answers 404, as it does until its webhooks are registered. */
  up: boolean;
  hook(name: 'checkExists' | 'create' | 'delete'): Promise<boolean>;
  /** As n8n does it: creates unless it exists. */
  activate(): Promise<void>;
  close(): Promise<void>;
}

export interface TriggerParameters {
  readonly events: readonly string[];
  readonly scopes?: string;
}

export async function startWorkflow(credential: () => Credential, parameters: TriggerParameters): Promise<Workflow> {
  const trigger = new PullcordTrigger();
  const [executions, statuses, warnings]: [IDataObject[], number[], string[]] = [[], [], []];
  const node = { ...NODE, type: 'n8n-nodes-pullcord.pullcordTrigger' };
  const staticData: IDataObject = {};
  const sent: Sent[] = [];
  const base = {
    logger: { warn: (message: string) => void warnings.push(message) },
    getCredentials: async <T>() => ({ ...credential() }) as unknown as T,
    getNode: () => node,
    getWorkflow: () => ({ id: 'workflow1' }),
    getWorkflowStaticData: () => staticData,
    getExecutionId: () => '1',
    getInstanceId: () => 'instance1',
  };

  const listener = await listen({
    port: 0,
    onRequest: async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const answer = (status: number, body: unknown): void => {
        statuses.push(status);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      if (!workflow.up) return answer(404, { message: 'The requested webhook is not registered.' });
      const context: IWebhookFunctions = {
        ...base,
        getHeaderData: () => request.headers,
        getRequestObject: () => ({ rawBody: Buffer.concat(chunks) }),
        getResponseObject: () => ({ status: (code) => ({ json: (body) => answer(code, body) }) }),
      };
      const { workflowData, noWebhookResponse } = await trigger.webhook.call(context);
      executions.push(...(workflowData ?? []).flat().map(({ json }) => json));
      if (!noWebhookResponse) answer(200, { message: 'Workflow was started' });
    },
  });
  const url = `${listener.url}/webhook/0b5c/webhook`;

  const hook: Workflow['hook'] = async (name) => {
    const made = requests(credential(), node);
    const context: IHookFunctions = {
      ...base,
      helpers: made.helpers,
      getNodeParameter: (parameter, fallback) => (parameters as unknown as IDataObject)[parameter] ?? fallback,
      getNodeWebhookUrl: () => url,
    };
    try {
      return await trigger.webhookMethods.default[name].call(context);
    } finally {
      sent.push(...made.sent);
    }
  };
  const workflow: Workflow = {
    ...{ url, executions, statuses, warnings, staticData, sent, up: true, hook },
    activate: async () => {
      if (!(await hook('checkExists'))) await hook('create');
    },
    close: () => listener.close(),
  };
  return workflow;
}
