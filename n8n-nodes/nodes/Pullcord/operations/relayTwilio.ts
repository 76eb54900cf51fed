import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { asError } from '../../shared/failure';
import { ask, isObject } from '../../shared/transport';
import type { Operation } from '../operation';
import { textOf } from '../parameters';

/**
 * Hands a text message on that Twilio sent to a Webhook node. n8n doesn't check Twilio's signature; Pullcord does,
 * against the URL that it has configured, and then everything else. So nothing here is trusted, and nothing is changed.
 */
export const relayTwilio: Operation = {
  option: {
    name: 'Relay Twilio Message',
    value: 'relayTwilio',
    action: 'Relay a twilio message',
    description: 'Hand on a text message that Twilio sent to a Webhook node, with its signature',
  },
  properties: [
    {
      displayName: 'Webhook URL',
      name: 'webhookUrl',
      type: 'string',
      default: '={{ $json.webhookUrl }}',
      required: true,
      description: 'Of the Webhook node that Twilio called. It has to be one of sms.twilio.relayUrls in pullcord.yaml.',
    },
    {
      displayName: 'Signature',
      name: 'signature',
      type: 'string',
      default: "={{ $json.headers['x-twilio-signature'] }}",
      required: true,
      description: 'The header X-Twilio-Signature',
    },
    {
      displayName: 'Parameters',
      name: 'parameters',
      type: 'json',
      default: '={{ JSON.stringify($json.body) }}',
      required: true,
      description: "The pairs of Twilio's form, unchanged",
    },
  ],
  asTool: false,
  run: async (context, item) => {
    const signature = textOf(context, 'signature', item);
    if (signature === '')
      throw new NodeOperationError(context.getNode(), "Twilio's signature is missing: nothing was sent", {
        itemIndex: item,
        description: 'The header X-Twilio-Signature is there only when Twilio itself calls the Webhook node.',
      });
    const body = { url: textOf(context, 'webhookUrl', item), signature, params: paramsOf(context, item) };
    const answer = await ask(context, {
      method: 'POST',
      path: '/api/v1/relay/twilio',
      body,
      right: 'relay',
      expects: 'understood',
    });
    if (!answer.ok) throw asError(context.getNode(), answer.failure, item);
    return [answer.body];
  },
};

function paramsOf(context: IExecuteFunctions, item: number): IDataObject {
  const value: unknown = context.getNodeParameter('parameters', item, '');
  const params = typeof value === 'string' ? parsed(value) : value;
  const isText = (one: unknown): boolean => typeof one === 'string';
  if (isObject(params) && Object.values(params).every((one) => (Array.isArray(one) ? one.every(isText) : isText(one))))
    return params;
  throw new NodeOperationError(
    context.getNode(),
    "The parameters are not the pairs of Twilio's form: nothing was sent",
    {
      itemIndex: item,
      description:
        'They have to be a JSON object of texts, as the Webhook node has them: {{ JSON.stringify($json.body) }}',
    },
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
