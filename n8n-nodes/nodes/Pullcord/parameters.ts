import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';

/** Parameters that several operations have, and how they are read. */

export const scope: INodeProperties = {
  displayName: 'Scope',
  name: 'scope',
  type: 'string',
  default: '',
  placeholder: 'e.g. agent',
  description: 'One of the scopes that pullcord.yaml names. Empty: the default one.',
};

export const reason: INodeProperties = {
  displayName: 'Reason',
  name: 'reason',
  type: 'string',
  default: '',
  placeholder: 'e.g. Spend warning was not answered',
  description: 'Why, for the ledger: one line of at most 200 characters',
};

export const waitUntilVerified: INodeProperties = {
  displayName: 'Wait Until Verified',
  name: 'waitUntilVerified',
  type: 'boolean',
  default: true,
  description: 'Whether to wait until every gateway was seen, and to fail if that takes longer than the timeout',
};

export const timeout = (bySeconds: number, always = false): INodeProperties => ({
  displayName: 'Timeout',
  name: 'timeout',
  type: 'number',
  typeOptions: { minValue: 1, maxValue: MOST_SECONDS },
  default: bySeconds,
  description: 'How long to wait, in seconds',
  ...(always ? {} : { displayOptions: { show: { waitUntilVerified: [true] } } }),
});

const MOST_SECONDS = 3600;
const REASON_LENGTH = 200;

/** A text, without space around it; what an expression gives for "nothing" is empty. */
export function textOf(context: IExecuteFunctions, name: string, item: number): string {
  const value: unknown = context.getNodeParameter(name, item, '');
  return value === null || value === undefined ? '' : String(value).trim();
}

/** A stop must not fail because of its reason: an agent or an expression writes what it likes. */
export function reasonOf(context: IExecuteFunctions, item: number): string {
  const line = textOf(context, 'reason', item)
    .replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ')
    .trim();
  // A character outside the basic plane is two; it isn't cut in half.
  return line
    .slice(0, REASON_LENGTH)
    .replace(/\p{Cs}$/u, '')
    .trimEnd();
}

/** Whole seconds between 0 and an hour; what isn't a number is what stands there by default. */
export function secondsOf(context: IExecuteFunctions, name: string, item: number, byDefault: number): number {
  const value = Number(context.getNodeParameter(name, item, byDefault));
  return Number.isFinite(value) ? Math.min(MOST_SECONDS, Math.max(0, Math.ceil(value))) : byDefault;
}

/** How long to wait until an order is settled; 0 where nobody wants to wait. Seconds. */
export function waitOf(context: IExecuteFunctions, item: number, byDefault: boolean): number {
  if (context.getNodeParameter('waitUntilVerified', item, byDefault) !== true) return 0;
  return Math.max(1, secondsOf(context, 'timeout', item, 60));
}

export function limitOf(context: IExecuteFunctions, item: number, byDefault: number): number {
  const value = Number(context.getNodeParameter('limit', item, byDefault));
  return Number.isFinite(value) ? Math.max(1, Math.floor(value)) : byDefault;
}
