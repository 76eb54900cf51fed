import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { asError, type Failure } from '../../shared/failure';
import type { Operation } from '../operation';
import { missingOf, nameOf, placeOrder } from '../order';
import { reason, reasonOf, scope, textOf, timeout, waitOf, waitUntilVerified } from '../parameters';

/**
 * Hands on what a person asks for: to open again what was cut. It takes that person's name and a fresh one-time
 * password; without them nothing is sent. No AI agent gets it for a tool.
 */
export const requestRestore: Operation = {
  option: {
    name: 'Request Restore',
    value: 'requestRestore',
    action: 'Request a restore',
    description: "Restore a scope in an operator's name, with that operator's fresh one-time password",
  },
  properties: [
    {
      displayName:
        'Only a person restores: the code has to come from the operator at the time, for example by a form. n8n keeps it with the execution; it works once, for about a minute.',
      name: 'restoreNotice',
      type: 'notice',
      default: '',
    },
    scope,
    {
      displayName: 'Operator',
      name: 'operator',
      type: 'string',
      default: '',
      required: true,
      placeholder: 'e.g. alice',
      description: 'The name of the operator who restores, as Pullcord knows it',
    },
    {
      displayName: 'Code',
      name: 'code',
      type: 'string',
      typeOptions: { password: true },
      default: '',
      required: true,
      description: "The 6 digits that the operator's app shows now",
    },
    reason,
    waitUntilVerified,
    timeout(60),
  ],
  asTool: false,
  run: async (context, item) => {
    const proof = proofOf(context, item);
    const seconds = waitOf(context, item, true);
    const order = {
      action: 'restore',
      scope: textOf(context, 'scope', item),
      reason: reasonOf(context, item),
    } as const;
    const answer = await placeOrder(context, item, { ...order, proof }, seconds);
    const failure = answer.ok ? doubtOf(answer.body, seconds) : answer.failure;
    if (failure) throw asError(context.getNode(), failure, item);
    return answer.ok ? [answer.body] : [];
  },
};

function proofOf(context: IExecuteFunctions, item: number): { operator: string; code: string } {
  const refuse = (message: string, description: string): never => {
    throw new NodeOperationError(context.getNode(), message, { itemIndex: item, description });
  };
  const operator = textOf(context, 'operator', item);
  const code = codeOf(context, item);
  if (operator === '')
    refuse(
      'The operator is missing: nothing was sent',
      'Write into Operator who restores, as Pullcord knows that person.',
    );
  if (code === '')
    refuse(
      "The operator's one-time password is missing: nothing was sent",
      'Only a person restores. Put the 6 digits that the app of this operator shows now into Code, for example from a form that the operator fills in.',
    );
  if (!/^\d{6}$/.test(code))
    refuse(
      'The code is not a one-time password: nothing was sent',
      'Code takes the 6 digits that the app shows. A printed backup code only stops.',
    );
  return { operator, code };
}

/** A form or a sheet may have made a number of it, which has no zeros in front. */
function codeOf(context: IExecuteFunctions, item: number): string {
  const value: unknown = context.getNodeParameter('code', item, '');
  if (typeof value === 'number') return String(value).padStart(6, '0');
  return textOf(context, 'code', item).replace(/[\s-]/g, '');
}

function doubtOf(outcome: IDataObject, seconds: number): Failure | undefined {
  const { number, scope: named, state, missing } = outcome;
  const facts = { order: number, scope: named, state, missing };
  if (state === 'overtaken')
    return {
      message: `${nameOf(outcome)} was overtaken by a later one: ${String(named)} may still be cut`,
      description: 'A stop overrides every restore. Look with Get Status before you ask again.',
      ...{ reason: 'overtaken', facts },
    };
  if (state !== 'restoring' || seconds === 0) return undefined;
  return {
    message: `${nameOf(outcome)}: ${String(named)} was not seen to be restored within ${seconds} s`,
    description: `Missing: ${missingOf(outcome)}. Pullcord keeps restoring and looking; Get Order shows how it stands.`,
    ...{ reason: 'not-seen', facts },
  };
}
