import type { ServerResponse } from 'node:http';

/** How much may wait for one client. A status is a few kB; who is that far behind is told nothing in time. */
const BEHIND_BYTES = 256 * 1024;
/** After which a browser tries again by itself. Milliseconds. */
const RETRY_MS = 2_000;

/**
 * One client's stream of server-sent events (HTML Living Standard, 9.2). Fails towards "gone": who does not read is
 * dropped, and comes again.
 */
export class Stream {
  constructor(private readonly res: ServerResponse) {
    res.writeHead(200, {
      'content-type': 'text/event-stream',
      // nginx would hold events back until its buffer is full.
      'x-accel-buffering': 'no',
    });
    this.write(`retry: ${RETRY_MS}\n\n`);
  }

  get open(): boolean {
    return !this.res.closed && !this.res.writableEnded;
  }

  /** @param data one line of JSON. */
  send(event: string, data: string): void {
    this.write(`event: ${event}\ndata: ${data}\n\n`);
  }

  /** Keeps what stands in between from taking it for dead. */
  comment(): void {
    this.write(':\n\n');
  }

  end(): void {
    if (this.open) this.res.end();
  }

  private write(text: string): void {
    if (!this.open) return;
    if (this.res.writableLength + text.length > BEHIND_BYTES) this.res.destroy();
    else this.res.write(text);
  }
}
