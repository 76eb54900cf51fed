import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { textOf } from './parameters';

/** Who asks for it, with a fresh one-time password: without both nothing is sent. */
export interface Proof {
  readonly operator: string;
  readonly code: string;
}

/** What only a person does. */
export type Deed = 'restores' | 'permits';

/** @param name of the notice; each operation has one of its own. */
export const onlyAPerson = (deed: Deed, name: string): INodeProperties => ({
  displayName: `Only a person ${deed}: the code has to come from the operator at the time, for example by a form. n8n keeps it with the execution; it works once, for about a minute.`,
  name,
  type: 'notice',
  default: '',
});

export const operator = (deed: Deed): INodeProperties => ({
  displayName: 'Operator',
  name: 'operator',
  type: 'string',
  default: '',
  required: true,
  placeholder: 'e.g. alice',
  description: `The name of the operator who ${deed}, as Pullcord knows it`,
});

export const code: INodeProperties = {
  displayName: 'Code',
  name: 'code',
  type: 'string',
  typeOptions: { password: true },
  default: '',
  required: true,
  description: "The 6 digits that the operator's app shows now",
};

/** @throws NodeOperationError when one of them is missing, or can't be one. */
export function proofOf(context: IExecuteFunctions, item: number, deed: Deed): Proof {
  const refuse = (message: string, description: string): never => {
    throw new NodeOperationError(context.getNode(), message, { itemIndex: item, description });
  };
  const who = textOf(context, 'operator', item);
  const digits = codeOf(context, item);
  if (who === '')
    refuse(
      'The operator is missing: nothing was sent',
      `Write into Operator who ${deed}, as Pullcord knows that person.`,
    );
  if (digits === '')
    refuse(
      "The operator's one-time password is missing: nothing was sent",
      `Only a person ${deed}. Put the 6 digits that the app of this operator shows now into Code, for example from a form that the operator fills in.`,
    );
  if (!/^\d{6}$/.test(digits))
    refuse(
      'The code is not a one-time password: nothing was sent',
      'Code takes the 6 digits that the app shows. A printed backup code only stops.',
    );
  return { operator: who, code: digits };
}

/** A form or a sheet may have made a number of it, which has no zeros in front. */
function codeOf(context: IExecuteFunctions, item: number): string {
  const value: unknown = context.getNodeParameter('code', item, '');
  if (typeof value === 'number') return String(value).padStart(6, '0');
  return textOf(context, 'code', item).replace(/[\s-]/g, '');
}
