import { EventEmitter } from 'node:events';
import type { Request, RequestHandler, Response } from 'express';
import { type Fields, formOf, sign } from './signed';

export interface Answered {
  readonly status: number;
  readonly text: string | undefined;
}

/** Hands a form to Twilio's door as Express would, without a socket. @param hears whether Twilio waits for the answer. */
export function callWebhook(
  door: RequestHandler,
  { fields, forged, hears }: { readonly fields: Fields; readonly forged: boolean; readonly hears: () => boolean },
): Promise<Answered> {
  const body = Buffer.from(formOf(fields));
  const headers: Readonly<Record<string, string>> = {
    'x-twilio-signature': sign(forged ? { ...fields, Body: 'another one' } : fields),
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
  };
  const emitter = new EventEmitter();
  const req = Object.assign(emitter, {
    get: (name: string) => headers[name],
    headers,
    complete: true,
    pause: () => req,
  });
  emitter.on('newListener', (event) => {
    if (event !== 'end') return;
    queueMicrotask(() => emitter.emit('data', body));
    queueMicrotask(() => emitter.emit('end'));
  });
  return new Promise((resolve) => {
    let status = 200;
    const end = (sent = ''): Response => {
      const heard = hears();
      Object.assign(res, { closed: true, writableFinished: heard });
      const text = /<Message>(.*)<\/Message>/s.exec(sent)?.[1];
      // The door says afterwards what it wants to know of the end.
      queueMicrotask(() => {
        res.emit('close');
        resolve({ status, text: heard ? text : undefined });
      });
      return res;
    };
    const res = Object.assign(new EventEmitter(), {
      ...{ closed: false, writableFinished: false, set: () => res, type: () => res, end, send: end },
      status: (code: number) => {
        status = code;
        return res;
      },
    }) as unknown as Response;
    door(req as unknown as Request, res, () => undefined);
  });
}
