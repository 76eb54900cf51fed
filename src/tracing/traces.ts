import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { contextOf } from '../intake/http/context';
import { type Attributes, type Door, NO_SPAN, type Span, type Tracing } from './span';
import { parentIn } from './traceparent';

/** Orders whose spans are remembered. */
const ORDERS_KEPT = 200;
/** Passes that are traced of one order at one system: one that is not seen is tried for ever. */
const PASSES_TRACED = 20;

/** One request, of which nothing is traced before it gets as far as the desk: the internet must not fill the traces. */
interface Visit {
  readonly door: Door;
  readonly began: number;
  readonly parent: SpanContext | undefined;
  readonly correlation: string;
  span?: OtelSpan;
  /** When it was known what to answer. */
  answerSince?: number;
}

/** What is done for one order. */
interface Followed {
  readonly context: Context | undefined;
  readonly passes: Map<string, number>;
  settled: boolean;
}

export interface TracesOptions {
  readonly tracer: Tracer;
  /** Sends what waits. Bounded in time; never throws. */
  readonly close: () => Promise<void>;
}

export function createTraces({ tracer, close }: TracesOptions): Tracing {
  const visits = new AsyncLocalStorage<Visit>();
  const followed = new Map<number, Followed>();
  /** The newest order for which each system had a pass. */
  const newest = new Map<string, number>();
  const own = new WeakMap<Span, OtelSpan>();

  const wrap = (span: OtelSpan): Span => {
    const wrapped: Span = {
      child: (name, attributes = {}) => begin(name, trace.setSpan(ROOT_CONTEXT, span), attributes),
      end: (attributes = {}) => {
        span.setAttributes({ ...attributes });
        span.end();
      },
    };
    own.set(wrapped, span);
    return wrapped;
  };
  const begin = (name: string, context: Context | undefined, attributes: Attributes): Span =>
    wrap(tracer.startSpan(name, { attributes: { ...attributes } }, context ?? ROOT_CONTEXT));

  function follow(order: number, context: Context | undefined): Followed {
    const one = { context, passes: new Map<string, number>(), settled: false };
    followed.set(order, one);
    const [oldest] = followed.keys();
    if (followed.size > ORDERS_KEPT && oldest !== undefined) followed.delete(oldest);
    return one;
  }

  /** The span of the request that is being served, begun when it is first needed. */
  function visited(): Visit | undefined {
    const visit = visits.getStore();
    if (!visit || visit.span) return visit;
    const { door, began, parent, correlation } = visit;
    visit.span = tracer.startSpan(
      `door ${door}`,
      { kind: SpanKind.SERVER, startTime: began, attributes: { 'pullcord.correlation': correlation } },
      parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT,
    );
    return visit;
  }

  return {
    door: (door) => (req, res, next) => {
      if (req.method !== 'POST') return next();
      // Who calls the public listener is a stranger: it says nothing of our traces.
      const parent = door === 'http' ? parentIn(req.get('traceparent')) : undefined;
      const visit: Visit = { door, began: Date.now(), parent, correlation: contextOf(req).correlation };
      res.once('close', () => {
        const { span, answerSince } = visit;
        if (!span) return;
        const inside = trace.setSpan(ROOT_CONTEXT, span);
        if (answerSince !== undefined) tracer.startSpan('reply', { startTime: answerSince }, inside).end(Date.now());
        span.setAttribute('http.response.status_code', res.statusCode);
        if (!res.writableFinished) span.setAttribute('pullcord.result', 'aborted');
        span.end(Date.now());
      });
      visits.run(visit, next);
    },

    order({ action, scope, source, correlation }) {
      const visit = visited();
      return begin(`order ${action}`, visit?.span && trace.setSpan(ROOT_CONTEXT, visit.span), {
        ...{ 'pullcord.action': action, 'pullcord.scope': scope, 'pullcord.source': source },
        'pullcord.correlation': correlation,
      });
    },

    stands({ number }, span) {
      const otel = own.get(span);
      otel?.setAttribute('pullcord.order', number);
      if (otel && number > 0 && !followed.has(number)) follow(number, trace.setSpan(ROOT_CONTEXT, otel));
      const visit = visits.getStore();
      if (visit) visit.answerSince = Date.now();
    },

    waits({ number }) {
      const known = followed.get(number);
      const visit = visits.getStore();
      if (!known || !visit?.span) return NO_SPAN;
      const span = begin('outcome', trace.setSpan(ROOT_CONTEXT, visit.span), { 'pullcord.order': number });
      return {
        child: span.child,
        end: (attributes) => {
          visit.answerSince = Date.now();
          span.end(attributes);
        },
      };
    },

    pass(cutter, { order }) {
      const before = newest.get(cutter);
      newest.set(cutter, Math.max(order, before ?? 0));
      // What was ordered before this process began, or is known to be done, is routine.
      const isNews = before !== undefined && order > before;
      const one = followed.get(order) ?? (isNews ? follow(order, undefined) : undefined);
      const passes = (one?.passes.get(cutter) ?? 0) + 1;
      if (!one || one.settled || passes > PASSES_TRACED) return NO_SPAN;
      one.passes.set(cutter, passes);
      return begin('pass', one.context, { 'pullcord.cutter': cutter, 'pullcord.order': order });
    },

    settled(order) {
      const one = followed.get(order);
      if (one) one.settled = true;
    },

    async job(name, order, work) {
      const span = begin(`queue ${name}`, followed.get(order)?.context, { 'pullcord.order': order });
      try {
        const result = await work();
        span.end();
        return result;
      } catch (error) {
        span.end({ 'pullcord.result': 'failed' });
        throw error;
      }
    },

    close,
  };
}
