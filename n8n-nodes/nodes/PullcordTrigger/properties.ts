import type { INodeProperties } from 'n8n-workflow';

export const properties: INodeProperties[] = [
  {
    displayName: 'Events',
    name: 'events',
    type: 'multiOptions',
    required: true,
    default: ['severed', 'tripped', 'trouble'],
    options: [
      { name: 'Drill', value: 'drill', description: 'A drill is over, with its report' },
      {
        name: 'Fallback',
        value: 'fallback',
        description: 'People are asked about a fallback, or it was gone over to or back from',
      },
      { name: 'Refused', value: 'refused', description: 'An order was refused, and why' },
      { name: 'Restored', value: 'restored', description: 'Every gateway was seen to serve again' },
      { name: 'Severed', value: 'severed', description: 'Every gateway was seen to refuse' },
      { name: 'Severing', value: 'severing', description: 'A stop was accepted' },
      {
        name: 'Tripped',
        value: 'tripped',
        description: 'The tripwire saw spend run away, and cut unless it only observes',
      },
      { name: 'Trouble', value: 'trouble', description: 'The switch itself has a trouble, or is rid of it' },
      { name: 'Warned', value: 'warned', description: 'Spend is higher than usual; nothing was cut' },
    ],
    description: 'What starts the workflow',
  },
  {
    displayName: 'Scopes',
    name: 'scopes',
    type: 'string',
    default: '',
    placeholder: 'e.g. agent, llm',
    description: 'Only events of these scopes, separated by commas. Empty: all.',
  },
];
