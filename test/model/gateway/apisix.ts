import { type Doc, docAt, isDoc } from '../../../src/cutters/apisix/document';
import { GatewayError } from '../../../src/cutters/apisix/fault';
import { merge } from '../../../src/sandbox/apisix/admin/merge';
import type { JsonObject } from '../../../src/sandbox/apisix/json';
import { type Life, NOBODY, type VirtualTime } from '../time';
import { type Objects, type Standing, standings } from './standing';

/** How the Admin API fails. `hang` and `lost` answer nothing; what is written goes unheard, late, or is done at once. */
export type AdminFault = 'away' | 'error' | 'hang' | 'hang, then applied' | 'lost';
/** A deaf node goes on with the objects that it has. */
export type NodeFault = 'away' | 'deaf';

export interface Node {
  readonly url: string;
  view: Objects;
  fault: NodeFault | undefined;
}

export interface Written {
  readonly gateway: ToyApisix;
  readonly path: string;
  readonly before: Objects;
  readonly after: Objects;
  /** Undefined: somebody else. */
  readonly by: Life | undefined;
}

export interface ToyApisixOptions {
  readonly name: string;
  /** How many nodes it has. */
  readonly nodes: number;
  readonly time: VirtualTime;
  /** Until something arrives. Milliseconds. */
  readonly latency: () => number;
  /** A program has sent a write: from then on nobody can take it back. `after`: what it makes of the objects as they are. */
  readonly onSent: (written: Written) => void;
  /** A program was shown the objects as they are. */
  readonly onLook: (gateway: ToyApisix, by: Life) => void;
  /** The objects have changed, or what a node knows of them. */
  readonly onChange: () => void;
}

/** An APISIX as Pullcord's cutter meets it: objects, and nodes that each follow them in their own time. */
export class ToyApisix {
  objects: Objects = new Map();
  readonly nodes: readonly Node[];
  private broken: AdminFault | undefined;
  private held: (() => void)[] = [];

  constructor(readonly options: ToyApisixOptions) {
    this.nodes = Array.from({ length: options.nodes }, (_, i) => ({
      ...{ url: `http://${options.name}-${i}`, view: this.objects, fault: undefined },
    }));
  }

  get name(): string {
    return this.options.name;
  }

  /** By route. */
  get standings(): ReadonlyMap<string, Standing> {
    return standings(this.objects);
  }

  at(path: string): Doc {
    const doc = this.objects.get(path);
    if (!doc) throw new GatewayError('not-found', `${path}: Key not found`, 'The object is gone.');
    return doc;
  }

  /** As an Admin API that is well would do it, and at once. @throws GatewayError */
  put(path: string, doc: Doc): void {
    this.become(this.withPut(path, doc));
  }
  merge(path: string, patch: Doc): void {
    if (this.objects.has(path)) this.become(this.withMerged(path, patch));
  }
  remove(path: string): void {
    this.become(this.without(path));
  }

  withPut(path: string, doc: Doc): Objects {
    return this.with(path, { ...doc, id: path.split('/')[1] ?? '' }, doc);
  }
  withMerged(path: string, patch: Doc): Objects {
    return this.with(path, merge(this.at(path) as JsonObject, structuredClone(patch) as JsonObject), patch);
  }
  without(path: string): Objects {
    return new Map([...this.objects].filter(([key]) => key !== path));
  }

  become(objects: Objects): void {
    const { time, latency, onChange } = this.options;
    onChange();
    this.objects = objects;
    for (const node of this.nodes) time.after(latency(), () => this.hear(node), NOBODY);
    onChange();
  }

  get fault(): AdminFault | undefined {
    return this.broken;
  }

  set fault(fault: AdminFault | undefined) {
    // Marked while it is still there: until now nobody could look.
    this.options.onChange();
    this.broken = fault;
  }

  /** Done when the faults end. */
  hold(work: () => void): void {
    this.held.push(work);
  }

  mend(): void {
    this.fault = undefined;
    const held = this.held;
    this.held = [];
    for (const apply of held) apply();
    for (const node of this.nodes) {
      node.fault = undefined;
      this.hear(node);
    }
  }

  hear(node: Node): void {
    if (node.fault === 'deaf') return;
    this.options.onChange();
    node.view = this.objects;
    this.options.onChange();
  }

  /** @param given what was sent: with it may come a time that stands for the gateway's own. */
  private with(path: string, doc: Doc, given: Doc): Objects {
    if (path.startsWith('global_rules/')) this.refuseTwins(path, doc);
    const seconds = Math.floor(this.options.time.now / 1000);
    const create_time = this.objects.get(path)?.create_time ?? seconds;
    const times = { create_time, update_time: given.update_time ?? seconds };
    return new Map([...this.objects, [path, frozen(structuredClone({ ...doc, ...times }))]]);
  }

  /** APISIX allows a plugin in one global rule only. */
  private refuseTwins(path: string, rule: Doc): void {
    for (const [other, { plugins, id }] of this.objects)
      for (const plugin of other.startsWith('global_rules/') && other !== path
        ? Object.keys(docAt(rule, 'plugins'))
        : [])
        if (isDoc(plugins) && plugins[plugin])
          throw new GatewayError(
            'rejected',
            `plugin '${plugin}' already exists in global rule with id '${id}'`,
            'See.',
          );
  }
}

/** What is shown to programs is the very thing: who changed it would change the gateway. */
function frozen<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value))
    for (const inner of Object.values(Object.freeze(value))) frozen(inner);
  return value;
}
