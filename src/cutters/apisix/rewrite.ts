import type { Clock } from '../../clock';
import type { Snapshot, Store } from '../../ledger/store';
import type { Leave } from '../cutter';
import type { AdminApi } from './client';
import { alike, type Doc, differences, same, without } from './document';
import { each } from './each';
import { isGatewayError } from './fault';
import { applyMergePatch, mergePatch } from './merge-patch';
import { type Notes, routesInWords } from './notes';
import { Overtaken, stopIf, unless } from './overtaken';
import { isRefusal, refuses, refusing } from './refusal';
import { uncut } from './uncut';

/** Where routes are kept as they were. They hold provider keys: kept encrypted. */
export type SnapshotStore = Pick<Store, 'saveSnapshot' | 'snapshots' | 'dropSnapshot'>;

/**
 * Rung two: each route is rewritten so that it refuses, and rewritten back, field for field. Fails towards "cut": no
 * write without a snapshot that is kept for good, and nothing is given back without leave for that very write.
 */
export interface Rewriter {
  /** @returns the routes that were rewritten. */
  cut(ids: readonly string[], snapshots: ReadonlyMap<string, Snapshot>, pass: Pass): Promise<readonly string[]>;
  /** @returns the routes that are no longer ours. */
  restore(snapshots: readonly Snapshot[], pass: ReleasingPass): Promise<readonly string[]>;
}

export interface Pass {
  readonly notes: Notes;
  readonly overtaken: AbortSignal;
  mayCut(): Promise<Leave | undefined>;
}

export interface ReleasingPass extends Pass {
  /** Whether a route as it stands now has to stay cut. */
  stays(route: Doc): boolean;
  mayRelease(): Promise<Leave | undefined>;
}

/** How long a write that got no answer may still be applied: seen for more than 100 s with an etcd that hung. */
const DOUBT_MS = 5 * 60_000;
/** As many as a gateway takes without its other traffic suffering too long. */
const AT_A_TIME = 16;

export interface RewriterOptions {
  readonly api: AdminApi;
  readonly snapshots: SnapshotStore;
  readonly gateway: string;
  readonly now: Clock;
}

export function createRewriter({ api, snapshots: store, gateway, now: clock }: RewriterOptions): Rewriter {
  /** Until when a write to a route may still be applied, although it got no answer. */
  const doubts = new Map<string, number>();

  async function read(id: string, overtaken: AbortSignal): Promise<Doc | undefined> {
    try {
      return await api.get(pathOf(id), overtaken);
    } catch (error) {
      if (isGatewayError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  /** After a write that got no answer only the route itself can say whether it was applied. */
  async function write(id: string, patch: Doc, leave: Leave, overtaken: AbortSignal): Promise<void> {
    try {
      await api.patch(pathOf(id), patch, overtaken, leave);
    } catch (error) {
      if (error instanceof Overtaken || (isGatewayError(error) && error.inDoubt)) doubts.set(id, clock() + DOUBT_MS);
      if (!isGatewayError(error) || !error.inDoubt) throw error;
      const now = await read(id, overtaken);
      if (!now || !same(applyMergePatch(now, patch), now)) throw error;
    }
  }

  async function cutOne(id: string, snapshot: Snapshot | undefined, pass: Pass): Promise<boolean> {
    const { notes, overtaken } = pass;
    const now = await read(id, overtaken);
    if (!now || now.status === 0 || refuses(now)) return false;
    const turn = await unless(overtaken, pass.mayCut());
    if (!turn) return false;
    const before = uncut(now, snapshot);
    const written = refusing(before);
    await unless(overtaken, store.saveSnapshot({ gateway, route: id, before, written }));
    stopIf(overtaken);
    const leave = turn.holds() ? turn : await unless(overtaken, pass.mayCut());
    if (!leave) return false;
    await write(id, mergePatch(now, written), leave, overtaken);
    notes.changed?.push({ object: `routes/${id}`, before: now, after: written });
    if (snapshot && !same(now, snapshot.before))
      notes.drift.push(`route ${id} was changed by somebody else and served again while severed: cut again`);
    return true;
  }

  async function restoreOne(snapshot: Snapshot, pass: ReleasingPass, written: string[]): Promise<boolean> {
    const { notes, overtaken } = pass;
    const id = snapshot.route;
    const now = await read(id, overtaken);
    if (now && pass.stays(now)) return false;
    const leave = await unless(overtaken, pass.mayRelease());
    if (!leave) return false;
    if (!now) {
      notes.drift.push(`route ${id} was deleted by somebody else while severed; not recreated`);
      await store.dropSnapshot(gateway, id);
      return true;
    }
    const next = uncut(now, snapshot);
    if (!same(now, next)) {
      stopIf(overtaken);
      const after = await putBack(id, patchBack(now, next, snapshot), next, { leave, overtaken });
      written.push(id);
      notes.changed?.push({ object: `routes/${id}`, before: now, after, was: snapshot.before });
      if (isMarked(after)) {
        notes.missing.push(`route ${id} still refuses after it was written back`);
        return false;
      }
      const left = differences(after, next);
      if (left.length > 0) notes.drift.push(`route ${id} differs from what was written back in ${left.join(', ')}`);
    }
    const theirs = differences(next, snapshot.before);
    if (theirs.length > 0 && (written.includes(id) || !doubts.has(id)))
      notes.drift.push(`route ${id} was changed by somebody else while severed, and keeps it: ${theirs.join(', ')}`);
    // A write that comes true only now could cut the route again: then the snapshot is still needed.
    if ((doubts.get(id) ?? 0) > clock()) return true;
    doubts.delete(id);
    // Not given up when overtaken: dropped late it could be the snapshot of the cut that comes next.
    await store.dropSnapshot(gateway, id);
    return true;
  }

  async function putBack(
    id: string,
    patch: Doc,
    next: Doc,
    { leave, overtaken }: { readonly leave: Leave; readonly overtaken: AbortSignal },
  ): Promise<Doc | undefined> {
    await write(id, patch, leave, overtaken);
    const after = await read(id, overtaken);
    if (!after || same(after, next) || !alike(without(after, 'update_time'), without(next, 'update_time')))
      return after;
    if (differences(after, next).length === 0) return after;
    // A merge patch can't say it (a null, or what Lua made of an empty list). A PUT can, at the price of update_time.
    stopIf(overtaken);
    try {
      await api.put(pathOf(id), without(next, 'create_time', 'update_time'), overtaken, leave);
    } catch (error) {
      if (isGatewayError(error, 'rejected')) return after;
      throw error;
    }
    return read(id, overtaken);
  }

  /** One route that APISIX refuses keeps no other one from being written; an Admin API or a store that fails does. */
  async function all<T>(
    items: readonly T[],
    idOf: (item: T) => string,
    work: (item: T) => Promise<void>,
    { notes, overtaken }: Pass,
    verb: string,
  ): Promise<void> {
    try {
      await each(items, AT_A_TIME, async (item) => {
        try {
          stopIf(overtaken);
          await work(item);
        } catch (error) {
          if (!isGatewayError(error, 'rejected')) throw error;
          notes.missing.push(`route ${idOf(item)} can't be ${verb}: ${error.message}`);
        }
      });
    } catch (error) {
      stopIf(overtaken);
      notes.missing.push(`routes can't be ${verb}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  return {
    async cut(ids, snapshots, pass) {
      const written: string[] = [];
      const work = async (id: string): Promise<void> => {
        if (await cutOne(id, snapshots.get(id), pass)) written.push(id);
      };
      try {
        await all(ids, String, work, pass, 'rewritten');
      } finally {
        if (written.length > 0) pass.notes.writes.push(`PATCH so that they refuse: ${routesInWords(written)}`);
      }
      return written;
    },
    async restore(snapshots, pass) {
      const written: string[] = [];
      const released: string[] = [];
      const work = async (snapshot: Snapshot): Promise<void> => {
        if (await restoreOne(snapshot, pass, written)) released.push(snapshot.route);
      };
      try {
        await all(snapshots, ({ route }) => route, work, pass, 'written back');
      } finally {
        if (written.length > 0) pass.notes.writes.push(`PATCH back to what they were: ${routesInWords(written)}`);
      }
      return released;
    },
  };
}

const pathOf = (id: string): string => `routes/${encodeURIComponent(id)}`;

/** APISIX sets update_time by itself unless it is given, even to what it is now. */
function patchBack(now: Doc, next: Doc, { before }: Snapshot): Doc {
  const patch = mergePatch(now, next);
  return same(next, before) && before.update_time !== undefined ? { ...patch, update_time: before.update_time } : patch;
}

const isMarked = (route: Doc | undefined): boolean =>
  isRefusal((route?.plugins as Doc | undefined)?.['fault-injection']);
