import { z } from 'zod';
import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';
import type { Action } from '../../orders/order';
import { signature } from '../../signature';
import type { Cutter, Goal, Sight } from '../cutter';
import { type Memory, Notes } from '../memory';
import { post } from './post';

export interface WebhookCutterOptions {
  readonly config: Config['cutters']['webhooks'][number];
  /** All the scopes that are configured. */
  readonly scopes: readonly string[];
  readonly memory: Memory;
  readonly now: Clock;
  /** Milliseconds, for each call. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 2_000;

/** What the receiver was told of a scope last, or is being told. */
const tidings = z.object({
  action: z.enum(['sever', 'restore']),
  /** The newest order when the change was first seen. Grows with every change. */
  order: z.int(),
  /** Epoch, in milliseconds. */
  at: z.int(),
  taken: z.boolean(),
});
type Tidings = z.infer<typeof tidings>;

interface Standing {
  readonly sight: 'refused' | 'served' | 'unseen';
  readonly missing?: string;
  readonly write?: string;
}

/**
 * Tells somebody else's program to cut and to restore: `{action, scope, order, at}`, signed, again and again until it
 * answers 2xx. A receiver leaves out an order that isn't newer than the last one it took for that scope. Its 2xx counts
 * as seen: that it acted is its own affair. Fails towards "cut": with nothing known, a sever is told once more; a
 * restore is told only when a sever was noted before, and after leave was given.
 */
export function createWebhookCutter(options: WebhookCutterOptions): Cutter {
  const { config, scopes, now } = options;
  const { secret } = config;
  const own = new Set(config.scopes ?? scopes);
  const name = `webhook ${config.name}`;
  const notes = new Notes(options.memory);

  const tell = async (scope: string, goal: Goal, overtaken: AbortSignal): Promise<Standing> => {
    const action: Action = goal.severed.has(scope) ? 'sever' : 'restore';
    const there: Standing = { sight: action === 'sever' ? 'refused' : 'served' };
    const note = `${name} ${scope}`;

    let known: Tidings | undefined;
    try {
      known = tidings.safeParse(await notes.get(note)).data;
    } catch {
      if (action === 'restore') return unseen(`${name}: what it was told of ${scope} cannot be read now`);
    }
    if (known === undefined && action === 'restore') return there;
    if (known?.action === action && known.taken) return there;

    const leave = await (action === 'sever' ? goal.mayCut() : goal.mayRelease(true));
    if (!leave && action === 'sever') return unseen(`${name}: another instance tells it to sever ${scope}`);
    if (!leave) return unseen(`${name}: no leave to tell it to restore ${scope}`);
    const news = known?.action === action ? known : { action, order: goal.order, at: now(), taken: false };
    const kept = await notes.set(note, news);
    if (action === 'restore' && !kept) return unseen(`${name}: no leave to tell it to restore ${scope}`);
    if (overtaken.aborted) return { sight: 'unseen' };

    const { order, at } = news;
    const complaint = await post(
      {
        url: config.url,
        sign: secret === undefined ? undefined : (body) => signature(secret, body, Math.floor(now() / 1000)),
        body: { action, scope, order, at: new Date(at).toISOString() },
        idempotencyKey: `${scope}-${order}`,
        timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      },
      overtaken,
      leave,
    );
    if (complaint !== undefined) return unseen(`${name} ${complaint}`);
    await notes.set(note, { ...news, taken: true });
    return { ...there, write: `POST ${action} ${scope}, order ${order}` };
  };

  return {
    name,
    required: config.required,

    async enforce(goal, overtaken) {
      const told = await Promise.all(
        scopes.map(async (scope): Promise<[string, Standing | undefined]> => {
          return [scope, own.has(scope) ? await tell(scope, goal, overtaken) : undefined];
        }),
      );
      return {
        sights: new Map(told.map(([scope, standing]): [string, Sight] => [scope, standing?.sight ?? 'none'])),
        missing: told.flatMap(([, standing]) => standing?.missing ?? []),
        drift: [],
        writes: told.flatMap(([, standing]) => standing?.write ?? []),
        // What the receiver cuts is not known here.
        cut: 0,
      };
    },

    preview: (scope) => ({ routes: [], others: own.has(scope) ? [`is told to restore ${scope}`] : [], stays: [] }),

    async close() {},
  };
}

const unseen = (missing: string): Standing => ({ sight: 'unseen', missing });
