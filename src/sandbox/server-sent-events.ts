import { StringDecoder } from 'node:string_decoder';

export interface ServerSentEvent {
  /** `message` when the stream doesn't name it. */
  readonly event: string;
  readonly data: string;
}

/** Reads a stream as WHATWG HTML 9.2 has it, as far as OpenAI uses it. Comments are left out. */
export async function* events(body: AsyncIterable<Buffer>): AsyncGenerator<ServerSentEvent> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of body) {
    const blocks = (rest + decoder.write(chunk)).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parse(block);
      if (event !== undefined) yield event;
    }
  }
}

function parse(block: string): ServerSentEvent | undefined {
  const fields = block.split(/\r?\n/).map((line) => /^(event|data): ?(.*)$/.exec(line));
  const data = fields.flatMap((field) => (field?.[1] === 'data' ? [field[2] ?? ''] : []));
  if (data.length === 0) return undefined;
  const name = fields.findLast((field) => field?.[1] === 'event');
  return { event: name?.[2] ?? 'message', data: data.join('\n') };
}
