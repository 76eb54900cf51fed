import type { Owed } from '../notify/events/outbox';
import type { LaneBacklog } from '../queue/jobs';
import { type Families, seconds } from './family';
import { kept } from './kept';

export interface QueueSeen {
  readonly healthy: () => boolean;
  /** @throws when the queue does not answer. */
  readonly backlog: () => Promise<readonly LaneBacklog[]>;
  /** Deliveries of events that are owed. @throws StoreUnavailable */
  readonly owed: () => Promise<Owed>;
  readonly now: () => number;
}

/**
 * What waits. This alone is asked of somebody: at most once in ten seconds, within a quarter of one, and never on the way
 * of an order.
 */
export function showQueue({ gauge }: Families, { healthy, backlog, owed, now }: QueueSeen): void {
  const lanes = kept({ ask: backlog });
  const outbox = kept({ ask: owed });
  gauge('pullcord_queue_up', 'Whether the queue answered when it was last asked: 1 or 0.', [], (put) =>
    put(healthy() ? 1 : 0),
  );
  gauge(
    'pullcord_queue_jobs',
    'Jobs in the queue by lane (orders: enforce, reply; deliveries: deliver, drill) and state. Absent while unknown.',
    ['lane', 'state'],
    async (put) => {
      for (const { lane, counts } of (await lanes()) ?? [])
        for (const [state, jobs] of Object.entries(counts)) put(jobs, { lane, state });
    },
  );
  gauge(
    'pullcord_queue_oldest_job_age_seconds',
    'Age of the oldest job that could be taken now, by lane; 0 where none waits. Absent while unknown.',
    ['lane'],
    async (put) => {
      for (const { lane, oldestAt } of (await lanes()) ?? [])
        put(oldestAt === undefined ? 0 : seconds(Math.max(0, now() - oldestAt)), { lane });
    },
  );
  gauge(
    'pullcord_outbox_owed',
    'Deliveries of events that are owed to subscriptions. Absent while unknown.',
    [],
    async (put) => put((await outbox())?.deliveries),
  );
  gauge(
    'pullcord_outbox_oldest_age_seconds',
    'Age of the oldest event that is owed; 0 where none is. Absent while unknown.',
    [],
    async (put) => {
      const known = await outbox();
      if (known) put(known.oldestAt === undefined ? 0 : seconds(Math.max(0, now() - known.oldestAt)));
    },
  );
}
