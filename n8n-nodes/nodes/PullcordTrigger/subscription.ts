import type { IDataObject, IHookFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { asError } from '../shared/failure';
import { type Answer, ask } from '../shared/transport';

/** What is kept with the workflow: which subscription is ours, for which URL, and what it signs with. */
export interface Kept {
  id?: unknown;
  url?: unknown;
  secret?: unknown;
}

const PATH = '/api/v1/subscriptions';
const pathOf = (id: unknown): string => `${PATH}/${encodeURIComponent(String(id))}`;

const keptBy = (context: IHookFunctions): Kept & IDataObject => context.getWorkflowStaticData('node');

/** What the node is set to. */
interface Wanted {
  readonly url: string;
  readonly events: readonly string[];
  /** Empty: all. */
  readonly scopes: readonly string[];
}

function wantedBy(context: IHookFunctions): Wanted {
  const events = context.getNodeParameter('events', []) as string[];
  const scopes = String(context.getNodeParameter('scopes', '') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return { url: context.getNodeWebhookUrl('default') ?? '', events, scopes };
}

/** Whether Pullcord still has the subscription whose secret we know, for the same URL, events and scopes. */
export async function subscriptionExists(context: IHookFunctions): Promise<boolean> {
  const kept = keptBy(context);
  const { url, events, scopes } = wantedBy(context);
  if (!kept.id || !kept.secret || kept.url !== url) return false;
  const answer = await ask(context, { method: 'GET', path: pathOf(kept.id), right: 'events', expects: 'url' });
  if (isGone(answer)) return false;
  if (!answer.ok) throw asError(context.getNode(), answer.failure);
  const { body } = answer;
  return body.url === url && same(body.events, events) && same(body.scopes ?? [], scopes);
}

/** Subscribes. Pullcord replaces an earlier subscription of the same token and URL. */
export async function subscribe(context: IHookFunctions): Promise<void> {
  const { url, events, scopes } = wantedBy(context);
  if (events.length === 0)
    throw new NodeOperationError(context.getNode(), 'The Pullcord Trigger has no event to wait for', {
      description: 'Choose at least one under Events.',
    });
  const body = { url, events: [...events], ...(scopes.length > 0 ? { scopes: [...scopes] } : {}) };
  const answer = await ask(context, { method: 'POST', path: PATH, body, right: 'events', expects: 'secret' });
  if (!answer.ok) throw asError(context.getNode(), answer.failure);
  const { id, secret } = answer.body;
  Object.assign(keptBy(context), { id, url, secret });
}

/** Unsubscribes. What Pullcord doesn't have any more is well gone. */
export async function unsubscribe(context: IHookFunctions): Promise<boolean> {
  const kept = keptBy(context);
  if (!kept.id) return true;
  const answer = await ask(context, { method: 'DELETE', path: pathOf(kept.id), right: 'events' });
  if (!answer.ok && !isGone(answer)) {
    // A workflow has to be switched off even while Pullcord is away; n8n answers its deliveries with 404 from then on.
    context.logger.warn(`The subscription stays with Pullcord: ${answer.failure.message}`);
    return false;
  }
  for (const name of ['id', 'url', 'secret'] as const) delete kept[name];
  return true;
}

/** Pullcord itself says so; any other 404 may come from whoever stands in its place. */
const isGone = (answer: Answer): boolean => !answer.ok && answer.failure.reason === 'not-found';

function same(found: unknown, wanted: readonly string[]): boolean {
  return Array.isArray(found) && JSON.stringify([...found].sort()) === JSON.stringify([...wanted].sort());
}
