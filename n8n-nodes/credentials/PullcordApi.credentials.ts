import type {
  IAuthenticateGeneric,
  Icon,
  ICredentialTestRequest,
  ICredentialType,
  INodeProperties,
} from 'n8n-workflow';

/** Where Pullcord's internal API is, and a token of it. */
export class PullcordApi implements ICredentialType {
  name = 'pullcordApi';

  displayName = 'Pullcord API';

  icon: Icon = { light: 'file:../icons/pullcord.svg', dark: 'file:../icons/pullcord.dark.svg' };

  documentationUrl = 'https://github.com/pullcord/pullcord/tree/main/n8n-nodes#credential';

  properties: INodeProperties[] = [
    {
      displayName: 'Base URL',
      name: 'baseUrl',
      type: 'string',
      default: 'http://127.0.0.1:8081',
      placeholder: 'e.g. http://pullcord.internal:8081',
      description: "Of Pullcord's internal listener, as n8n reaches it",
      required: true,
    },
    {
      displayName: 'Token',
      name: 'token',
      type: 'string',
      typeOptions: { password: true },
      default: '',
      description:
        'What <code>pullcord token new</code> printed. Its rights decide what n8n may do: stop, status, events, relay, drill. No token can restore.',
      required: true,
    },
  ];

  authenticate: IAuthenticateGeneric = {
    type: 'generic',
    properties: { headers: { Authorization: '=Bearer {{$credentials?.token}}' } },
  };

  test: ICredentialTestRequest = {
    request: {
      baseURL: '={{$credentials?.baseUrl.trim().replace(/\\/+$/, "")}}',
      url: '/api/v1/token',
    },
    rules: [
      {
        type: 'responseCode',
        properties: {
          value: 401,
          message: 'Pullcord does not know this token: its SHA-256 has to stand under api.tokens in pullcord.yaml.',
        },
      },
      {
        type: 'responseCode',
        properties: { value: 404, message: 'What answers there is not the internal API of Pullcord.' },
      },
    ],
  };
}
