import type { Why } from '../../why';
import type { Handlers } from './router';

export interface WhyHandlersOptions {
  readonly why: Why;
}

/** Why something is refused, by HTTP. */
export function whyHandlers({ why }: WhyHandlersOptions): Pick<Handlers, 'why'> {
  return {
    why: async ({ query: { subject, as } }) => {
      const found = await why.ask(subject, as);
      if (found === 'busy') return { refused: 'too-many-requests', detail: 'Others are being answered.' };
      if ('fault' in found) return { refused: 'bad-request', detail: `subject: ${found.fault}.` };
      const { findings, ...verdict } = found;
      return {
        status: 200,
        body: {
          ...verdict,
          // Field by field: what is added inside stays inside until it is added here.
          findings: findings.map(({ layer, name, verdict: seen, text, evidence }) => ({
            ...{ layer, verdict: seen, text },
            ...(name === undefined ? {} : { name }),
            ...(evidence === undefined ? {} : { evidence: { ...evidence } }),
          })),
        },
      };
    },
  };
}
