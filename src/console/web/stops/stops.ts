import type { OutcomeAnswer } from '../../../intake/http/schemas';
import { ask, newKey, type Reply } from '../api';
import { createOutbox } from './outbox';
import type { Answer } from './stop';

/** A slow phone's network gets this long; then it is sent again under the same key. Milliseconds. */
const SEND_MS = 8_000;
const FOLLOW_SECONDS = 10;

function answerOf(reply: Reply<OutcomeAnswer>): Answer {
  switch (reply.kind) {
    case 'ok': {
      const { number, state, missing, ms } = reply.body ?? {};
      // Something in between answered, and not Pullcord.
      if (typeof number !== 'number') return { kind: 'silent', why: 'What answered is not Pullcord.' };
      return { kind: 'stands', order: number, state, missing, ms };
    }
    case 'problem':
      return { kind: 'refused', status: reply.status, why: reply.detail };
    case 'silent':
      return { kind: 'silent', why: reply.detail };
  }
}

/** A browser that forbids its storage keeps stops as long as the page is open. */
function shelf(): Storage | { length: 0; key(): null; getItem(): null; setItem(): void; removeItem(): void } {
  try {
    return window.localStorage;
  } catch {
    return { length: 0, key: () => null, getItem: () => null, setItem: () => {}, removeItem: () => {} };
  }
}

export const stops = createOutbox({
  shelf: shelf(),
  send: async ({ key, scope }) => {
    const body = { action: 'sever', scope };
    return answerOf(await ask<OutcomeAnswer>('/api/v1/orders', { method: 'POST', key, body, withinMs: SEND_MS }));
  },
  follow: async (order) => {
    const path = `/api/v1/orders/${order}?wait=${FOLLOW_SECONDS}`;
    return answerOf(await ask<OutcomeAnswer>(path, { withinMs: (FOLLOW_SECONDS + 5) * 1_000 }));
  },
  newKey,
  now: Date.now,
  later: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
});
