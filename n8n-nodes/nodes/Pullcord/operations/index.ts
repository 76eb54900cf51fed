import type { INodeProperties } from 'n8n-workflow';
import type { Operation } from '../operation';
import { explainRefusal } from './explainRefusal';
import { getFallbacks } from './getFallbacks';
import { getIncidents } from './getIncidents';
import { getOrder } from './getOrder';
import { getSpend } from './getSpend';
import { getStatus } from './getStatus';
import { permitFallback } from './permitFallback';
import { relayTwilio } from './relayTwilio';
import { requestRestore } from './requestRestore';
import { runDrill } from './runDrill';
import { sever } from './sever';
import { takeBackFallback } from './takeBackFallback';

/** In the order of the alphabet, as n8n lists them. */
export const operations: readonly Operation[] = [
  explainRefusal,
  getFallbacks,
  getOrder,
  getSpend,
  getStatus,
  getIncidents,
  permitFallback,
  relayTwilio,
  requestRestore,
  runDrill,
  sever,
  takeBackFallback,
];

const choice = (offered: readonly Operation[], displayOptions: INodeProperties['displayOptions']): INodeProperties => ({
  displayName: 'Operation',
  name: 'operation',
  type: 'options',
  noDataExpression: true,
  options: offered.map(({ option }) => option),
  default: 'sever',
  ...(displayOptions ? { displayOptions } : {}),
});

/** The list of operations twice: an AI agent's tool sees the shorter one. */
export const properties: INodeProperties[] = [
  choice(operations, { hide: { '@tool': [true] } }),
  choice(
    operations.filter(({ asTool }) => asTool),
    { show: { '@tool': [true] } },
  ),
  ...operations.flatMap((operation) =>
    operation.properties.map((property) => ({
      ...property,
      displayOptions: {
        ...property.displayOptions,
        show: { ...property.displayOptions?.show, operation: [operation.option.value] },
        ...(operation.asTool ? {} : { hide: { ...property.displayOptions?.hide, '@tool': [true] } }),
      },
    })),
  ),
];
