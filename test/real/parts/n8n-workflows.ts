import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SHIPPED = join(__dirname, '../../../workflows');

export interface Workflow {
  readonly id: string;
  readonly name: string;
  readonly nodes: readonly WorkflowNode[];
  readonly connections: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly active?: boolean;
}

export interface WorkflowNode {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly typeVersion: number;
  readonly position: readonly [number, number];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly credentials?: Readonly<Record<string, { readonly id: string; readonly name: string }>>;
  readonly webhookId?: string;
}

interface Assignment {
  readonly name: string;
  readonly value: unknown;
}

/** The workflows as they are shipped, by their ids; filled in as a user would: in the node that is called Settings. */
export function shippedWorkflows(settings: Readonly<Record<string, unknown>>): ReadonlyMap<string, Workflow> {
  const files = readdirSync(SHIPPED).filter((file) => file.endsWith('.json'));
  const all = files.map((file) => JSON.parse(readFileSync(join(SHIPPED, file), 'utf8')) as Workflow);
  return new Map(all.map((workflow) => [workflow.id, filledIn(workflow, settings)]));
}

function filledIn(workflow: Workflow, settings: Readonly<Record<string, unknown>>): Workflow {
  const fill = (node: WorkflowNode): WorkflowNode => {
    if (node.name !== 'Settings') return node;
    const { assignments } = node.parameters.assignments as { assignments: readonly Assignment[] };
    const filled = assignments.map((one) => ({ ...one, value: settings[one.name] ?? one.value }));
    return { ...node, parameters: { ...node.parameters, assignments: { assignments: filled } } };
  };
  return { ...workflow, nodes: workflow.nodes.map(fill) };
}

/** Runs Pullcord's node when `/webhook/<id>` is posted to, and answers what the node gave. */
export function calling(id: string, credential: string, parameters: Readonly<Record<string, unknown>>): Workflow {
  const webhook = { httpMethod: 'POST', path: id, responseMode: 'lastNode', options: {} };
  return {
    ...{ id, name: id, active: false, settings: { executionOrder: 'v1' } },
    nodes: [
      node('Webhook', 'n8n-nodes-base.webhook', 2, webhook, { webhookId: id }),
      // By the command line it begins there.
      node('Manual', 'n8n-nodes-base.manualTrigger', 1, {}),
      pullcord('Pullcord', 'pullcord', credential, parameters),
    ],
    connections: { Webhook: to('Pullcord'), Manual: to('Pullcord') },
  };
}

/** Keeps what Pullcord's trigger gave. */
export function listening(id: string, credential: string, events: readonly string[]): Workflow {
  return {
    ...{ id, name: id, active: false, settings: { executionOrder: 'v1' } },
    nodes: [
      { ...pullcord('Trigger', 'pullcordTrigger', credential, { events }), webhookId: id },
      node('Kept', 'n8n-nodes-base.noOp', 1, {}),
    ],
    connections: { Trigger: to('Kept') },
  };
}

const to = (name: string) => ({ main: [[{ node: name, type: 'main', index: 0 }]] });

function node(name: string, type: string, typeVersion: number, parameters: object, more: object = {}): WorkflowNode {
  return { id: name, name, type, typeVersion, position: [0, 0], parameters: { ...parameters }, ...more };
}

function pullcord(name: string, type: string, credential: string, parameters: object): WorkflowNode {
  const credentials = { pullcordApi: { id: credential, name: credential } };
  return node(name, `n8n-nodes-pullcord.${type}`, 1, parameters, { credentials });
}
