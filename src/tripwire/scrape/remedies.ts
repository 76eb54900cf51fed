import type { Unseen, Why } from './look';

export type Remedies = Readonly<Record<Why, string>>;

/** What to do about each reason not to see. One sentence, in the language of whoever set LiteLLM up. */
export const REMEDIES: Remedies = {
  'no-answer': 'Is LiteLLM running, and does url lead to it?',
  timeout: 'LiteLLM is overloaded, or timeoutMs is too short for what it shows.',
  unauthorised: 'Give the token of a key that may read it, or set require_auth_for_metrics_endpoint: false in LiteLLM.',
  'not-premium': 'LiteLLM of about 1.48 to 1.79 shows its metrics only with a licence: update to 1.80 or newer.',
  'not-metrics': 'url leads to something else than LiteLLM: it has to be the address of the proxy.',
  'led-elsewhere': 'The token goes nowhere but to url: let url name the address that it is led to.',
  'bad-status': 'Look into the log of LiteLLM.',
  'too-large': 'Switch labels off in LiteLLM (prometheus_metrics_config), end_user, client_ip and user_agent first.',
  malformed: 'Something between here and LiteLLM cuts or changes what it shows.',
  'no-callbacks': 'Set callbacks: ["prometheus"] in the litellm_settings of LiteLLM.',
  'nothing-shown':
    'With several workers LiteLLM shows nothing before its first request: send one. If nothing comes then, set callbacks: ["prometheus"].',
  'no-database': 'Take database out of the configuration, or give LiteLLM a database.',
  stopped: 'Nothing: Pullcord ended it.',
};

/** @param what happened, without a full stop. Holds no secret, and nothing of what was answered. */
export const unseen = (why: Why, what: string, remedy: string = REMEDIES[why]): Unseen => ({
  ok: false,
  why,
  detail: `${what}. ${remedy}`,
});
