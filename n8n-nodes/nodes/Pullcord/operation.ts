import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';

/** One thing that the node does. */
export interface Operation {
  readonly option: INodePropertyOptions;
  /** Its parameters; shown when it is chosen. */
  readonly properties: readonly INodeProperties[];
  /** Whether an AI agent may have it for a tool. */
  readonly asTool: boolean;
  /** Runs for one item; gives what becomes items. */
  run(context: IExecuteFunctions, item: number): Promise<IDataObject[]>;
}
