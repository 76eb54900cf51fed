import type { IncomingMessage } from 'node:http';
import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import type { Clock } from '../../clock';
import type { Config } from '../../config/schema';
import type { Desk } from '../../orders/desk';
import { type RefusalReason, reasons } from '../../orders/reasons';
import { type Body, parseForm, readBody } from './form';
import type { Answer, Conversation, Results } from './text-message';
import { isSigned, looksSigned, readMessage, signedUrl } from './twilio-message';
import type { Ways } from './ways';

/** The largest message with all that Twilio tells about it takes about 8 KiB. */
const BODY_BYTES = 16 * 1024;
/** Twilio sends all at once. */
const BODY_MS = 3_000;

const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i;

export interface TwilioDoorOptions {
  readonly config: Config;
  readonly desk: Pick<Desk, 'refused'>;
  readonly converse: Conversation;
  readonly ways: Ways;
  readonly results: Results;
  readonly logger: Logger;
  readonly now: Clock;
  /** Until the body is there. Milliseconds. */
  readonly bodyMs?: number;
}

/**
 * `POST /sms/twilio`: Twilio's webhook for an incoming message. Fails towards "refused": what isn't proven to be
 * Twilio's gets an empty answer, and reaches neither the grammar nor an order. Cheap checks stand first, so that a
 * flood of forged requests costs little, and none of them writes a line to the log.
 * @throws Error when `sms.twilio` is not configured.
 */
export function twilioDoor(options: TwilioDoorOptions): RequestHandler {
  const { config, desk, converse, ways, results, logger, now, bodyMs = BODY_MS } = options;
  const { twilio } = config.sms;
  if (!twilio) throw new Error('sms.twilio is not configured: add accountSid, authTokens and numbers.');
  const url = signedUrl(config);

  return async (req, res) => {
    const arrivedAt = now();
    const refuse = (reason: RefusalReason, data: Readonly<Record<string, string>> = {}): void => {
      desk.refused(reason, { door: 'sms', ...data });
      // What wasn't read is read to its end before the next request on this connection: that has to be near.
      if (!req.complete && !(declaredLength(req) <= BODY_BYTES)) res.set('connection', 'close');
      res.status(reasons[reason].status).end();
    };

    const signature = req.get('x-twilio-signature');
    if (!looksSigned(signature)) return refuse('bad-signature');
    if (!FORM.test(req.get('content-type') ?? '')) return refuse('bad-request', { fields: 'content-type' });
    if (req.get('content-encoding') !== undefined) return refuse('bad-request', { fields: 'content-encoding' });

    const body = await bodyOf(req, bodyMs);
    if (body.kind === 'too-large') return refuse('too-large');
    if (body.kind !== 'read') {
      res.set('connection', 'close');
      return refuse('bad-request', { fields: `body ${body.kind}` });
    }
    const form = parseForm(body.raw);
    if (!form) return refuse('bad-request', { fields: 'too many' });
    if (!isSigned(twilio.authTokens, signature, url, form)) return refuse('bad-signature');

    const read = readMessage(form, twilio, { door: 'sms', arrivedAt });
    if ('refused' in read) return refuse(read.refused, read.data);
    const { id } = read.message;
    const answer = await converse(read.message);
    const { tells } = answer;
    if (res.closed) {
      // Twilio hung up before; what isn't a result is lost, as it is when Twilio doesn't ask again.
      if (tells) results.follow(tells);
      return;
    }
    if (!ways.take(id, 'webhook').mine) return sayTwiml(res, {});
    sayTwiml(res, answer);
    res.once('close', () => {
      if (!res.writableFinished) ways.free(id);
      if (!tells) return;
      if (!res.writableFinished) results.follow(tells);
      else
        results.told(tells, answer.text).catch((error) => {
          logger.warn({ err: error, correlation: id }, 'a reply may come twice: it could not be noted');
        });
    });
  };
}

/** NaN when the length isn't declared. */
const declaredLength = (req: IncomingMessage): number => Number(req.headers['content-length']);

async function bodyOf(req: IncomingMessage, ms: number): Promise<Body> {
  return declaredLength(req) > BODY_BYTES ? { kind: 'too-large' } : readBody(req, { bytes: BODY_BYTES, ms });
}

function sayTwiml(res: Response, { text }: Answer): void {
  const message = text === undefined ? '' : `<Message>${escapeXml(text)}</Message>`;
  res.type('text/xml').send(`<?xml version="1.0" encoding="UTF-8"?><Response>${message}</Response>`);
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escapeXml = (text: string): string => text.replace(/[&<>]/g, (c) => entities[c] ?? c);
