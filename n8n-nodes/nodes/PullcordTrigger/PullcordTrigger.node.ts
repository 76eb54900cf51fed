import type {
  IDataObject,
  IHookFunctions,
  INodeType,
  INodeTypeDescription,
  IWebhookFunctions,
  IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { properties } from './properties';
import { checkSignature } from './signature';
import { subscribe, subscriptionExists, unsubscribe } from './subscription';

/** Starts a workflow when Pullcord severs, restores, refuses, warns or is in trouble. */
export class PullcordTrigger implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'Pullcord Trigger',
    name: 'pullcordTrigger',
    icon: { light: 'file:../../icons/pullcord.svg', dark: 'file:../../icons/pullcord.dark.svg' },
    group: ['trigger'],
    version: 1,
    subtitle: '={{ $parameter["events"].join(", ") }}',
    description: 'Starts the workflow when Pullcord severs, restores, refuses, trips, warns, is in trouble or drilled',
    eventTriggerDescription: 'Waiting for an event of Pullcord',
    defaults: { name: 'Pullcord Trigger' },
    inputs: [],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'pullcordApi', required: true }],
    webhooks: [{ name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: 'webhook' }],
    properties,
  };

  webhookMethods = {
    default: {
      async checkExists(this: IHookFunctions): Promise<boolean> {
        return await subscriptionExists(this);
      },
      async create(this: IHookFunctions): Promise<boolean> {
        await subscribe(this);
        return true;
      },
      async delete(this: IHookFunctions): Promise<boolean> {
        return await unsubscribe(this);
      },
    },
  };

  async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
    const { rawBody } = this.getRequestObject() as unknown as { rawBody?: unknown };
    const { secret } = this.getWorkflowStaticData('node');
    const header = this.getHeaderData()['x-pullcord-signature'];
    const verdict = checkSignature({ secret, header, body: rawBody, now: Date.now() });
    if (verdict !== 'good') {
      this.logger.warn(`A delivery to the Pullcord Trigger was refused: ${verdict}`);
      this.getResponseObject().status(401).json({ error: verdict });
      return { noWebhookResponse: true };
    }
    const event = JSON.parse(String(rawBody)) as IDataObject;
    return { workflowData: [[{ json: event }]] };
  }
}
