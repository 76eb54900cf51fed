import type { IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import type { Operation } from './operation';
import { operations } from './operations';

/**
 * The operation that the workflow chose. An AI agent gets no other than those that are offered to it: hiding a choice
 * doesn't keep a workflow's JSON from naming it.
 */
export function chosenOperation(context: IExecuteFunctions, item: number): Operation {
  const name: unknown = context.getNodeParameter('operation', item, 'sever');
  const chosen = operations.find(({ option }) => option.value === name);
  if (!chosen)
    throw new NodeOperationError(context.getNode(), `Pullcord has no operation "${String(name)}"`, {
      itemIndex: item,
      description: 'Open the node and choose one.',
    });
  if (isTool(context) && !chosen.asTool)
    throw new NodeOperationError(context.getNode(), `${chosen.option.name} is not for AI agents: nothing was sent`, {
      itemIndex: item,
      description:
        'As a tool the node severs, looks and takes a fallback back. Put it into the workflow itself for everything else.',
    });
  return chosen;
}

/** n8n appends Tool to the type of a node that an agent uses; newer agents run it as if it were any node. */
function isTool(context: IExecuteFunctions): boolean {
  return context.isToolExecution?.() === true || context.getNode().type.endsWith('Tool');
}
