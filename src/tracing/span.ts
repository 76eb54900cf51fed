import type { RequestHandler } from 'express';
import type { Goal } from '../cutters/cutter';
import type { Order, OrderRequest } from '../orders/order';

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** One thing that is done, in a trace. Nothing here throws, and nothing waits. */
export interface Span {
  child(name: string, attributes?: Attributes): Span;
  /** Once. */
  end(attributes?: Attributes): void;
}

/** Where nothing is traced: costs nothing. */
export const NO_SPAN: Span = { child: () => NO_SPAN, end: () => undefined };

export type Door = 'sms' | 'http';

/**
 * An order's way as a trace: door, order, authorise, commit, passes of the enforcer with their writes and probes, queue,
 * reply. No number of a phone, no name of a person, no code and no text of a message is ever an attribute.
 */
export interface Tracing {
  /** Before all handlers of a listener. Undefined: nothing is traced. */
  door(door: Door): RequestHandler | undefined;
  /** An order came to the desk, through the door that is being served, if one is. */
  order(request: OrderRequest): Span;
  /** It stands, under this number: what is done for it from now on belongs to it. */
  stands(order: Order, span: Span): void;
  /** Somebody waits for how it stands. */
  waits(order: Pick<Order, 'number'>): Span;
  /** One pass of the enforcer. */
  pass(cutter: string, goal: Pick<Goal, 'order'>): Span;
  /** All was seen: passes after this are routine. */
  settled(order: number): void;
  /** Something is done for an order by the queue. */
  job<T>(name: string, order: number, work: () => Promise<T>): Promise<T>;
  /** Sends what waits, within about a second. Never throws. */
  close(): Promise<void>;
}

export const noTracing: Tracing = {
  door: () => undefined,
  order: () => NO_SPAN,
  stands: () => undefined,
  waits: () => NO_SPAN,
  pass: () => NO_SPAN,
  settled: () => undefined,
  job: (_name, _order, work) => work(),
  close: async () => undefined,
};
