/** What Pullcord sends by itself, as OpenAPI 3.1 describes it under `webhooks`. See docs/events.md. */
export const webhooks = (eventSchema: string): Readonly<Record<string, unknown>> => ({
  event: {
    post: {
      operationId: 'event',
      summary: 'An event, to each subscription that asked for its type. At least once, in no promised order.',
      security: [],
      parameters: [
        header(
          'X-Pullcord-Signature',
          't=<unix seconds>,v1=<HMAC-SHA256 of "t.body" with the secret of the subscription, hexadecimal>.',
        ),
        header('X-Pullcord-Event', 'The type of the event.'),
        header('X-Pullcord-Delivery', 'The id of the event: the same in each try.'),
      ],
      requestBody: { required: true, content: { 'application/json': { schema: { $ref: eventSchema } } } },
      responses: {
        '2XX': { description: 'Taken.' },
        410: { description: 'Ends the subscription.' },
        default: { description: 'Sent again, ever more slowly, for a day. Redirects are not followed.' },
      },
    },
  },
});

const header = (name: string, description: string) => ({
  ...{ name, in: 'header', required: true, description, schema: { type: 'string' } },
});
