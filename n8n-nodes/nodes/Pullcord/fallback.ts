import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { type Answer, ask, type Right } from '../shared/transport';
import { keyOf } from './order';
import { textOf } from './parameters';
import type { Proof } from './proof';
import { untilSettled } from './waiting';

export const fallback: INodeProperties = {
  displayName: 'Fallback',
  name: 'fallback',
  type: 'string',
  default: '',
  required: true,
  placeholder: 'e.g. fallback',
  description: 'One of the fallbacks that pullcord.yaml names',
};

/** @throws NodeOperationError when there is none: which one is meant is never guessed. */
export function fallbackOf(context: IExecuteFunctions, item: number): string {
  const name = textOf(context, 'fallback', item);
  if (name !== '') return name;
  throw new NodeOperationError(context.getNode(), 'The fallback is missing: nothing was sent', {
    itemIndex: item,
    description: 'Write into Fallback one of those that pullcord.yaml names; Get Fallbacks lists them.',
  });
}

export interface FallbackRequest {
  readonly wish: 'fallback' | 'primary';
  readonly name: string;
  readonly reason: string;
  /** Who permits, with a fresh code; without them it is the token, which only takes back. */
  readonly proof?: Proof;
}

/** Says what is to be, and waits until it is seen by saying it again under its key: that is the same wish. */
export function decideFallback(
  context: IExecuteFunctions,
  item: number,
  { wish, name, reason, proof }: FallbackRequest,
  waitSeconds: number,
): Promise<Answer> {
  const right: Right | undefined = proof ? undefined : 'stop';
  const key = keyOf(context, item, { action: wish, scope: name, reason });
  const body: IDataObject = { wish, ...(reason === '' ? {} : { reason }), ...proof };
  return untilSettled({
    seconds: waitSeconds,
    isSettled: isSeen,
    ask: (wait) =>
      ask(context, {
        ...{ method: 'POST', path: `/api/v1/fallbacks/${encodeURIComponent(name)}`, body, right },
        ...{ headers: { 'Idempotency-Key': key }, expects: 'state', waitSeconds: wait },
      }),
  });
}

/** Whether every gateway was seen to do what its state says. */
export const isSeen = ({ state, seen }: IDataObject): boolean =>
  seen === (state === 'fallback' ? 'fallback' : 'primary');
