import type { IDataObject, INode } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';

/** What an operation threw, as n8n wants it. */
export function asNodeError(node: INode, error: unknown, itemIndex: number): NodeApiError | NodeOperationError {
  if (error instanceof NodeApiError || error instanceof NodeOperationError) return error;
  return new NodeOperationError(node, error instanceof Error ? error : String(error), { itemIndex });
}

/**
 * What an item says when the workflow goes on after a failure. In these three fields and no other, and without n8n's own
 * field `error` beside `json`: n8n sends an item to a node's error output by either, and where that field is set it
 * puts its message in the place of all that stands in `json`.
 */
export function toldInItem(error: NodeApiError | NodeOperationError): IDataObject {
  const facts = error.context.data;
  return {
    error: error.message,
    ...(error.description ? { message: error.description } : {}),
    ...(typeof facts === 'object' && facts !== null ? { details: facts as IDataObject } : {}),
  };
}
