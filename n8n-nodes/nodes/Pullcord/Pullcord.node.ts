import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { asNodeError, toldInItem } from './errors';
import { properties } from './operations';
import { chosenOperation } from './chosen';

/** The kill switch in a workflow. */
export class Pullcord implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'Pullcord',
    name: 'pullcord',
    icon: { light: 'file:../../icons/pullcord.svg', dark: 'file:../../icons/pullcord.dark.svg' },
    group: ['transform'],
    version: 1,
    subtitle:
      '={{ $parameter["operation"] + ($parameter["scope"] || $parameter["fallback"] ? ": " + ($parameter["scope"] || $parameter["fallback"]) : "") }}',
    description: "The kill switch of an AI agent's network: sever, look, drill, request a restore, govern fallbacks",
    defaults: { name: 'Pullcord' },
    inputs: [NodeConnectionTypes.Main],
    outputs: [NodeConnectionTypes.Main],
    usableAsTool: true,
    credentials: [{ name: 'pullcordApi', required: true }],
    properties,
  };

  async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
    const results: INodeExecutionData[] = [];
    for (const item of this.getInputData().keys()) {
      try {
        const found = await chosenOperation(this, item).run(this, item);
        results.push(...found.map((json) => ({ json, pairedItem: { item } })));
      } catch (error) {
        const told = asNodeError(this.getNode(), error, item);
        if (!this.continueOnFail()) throw asNodeError(this.getNode(), told, item);
        results.push({ json: toldInItem(told), pairedItem: { item } });
      }
    }
    return [results];
  }
}
