/** One event of a stream as WHATWG's "Server-sent events" (HTML, 9.2.6) has it. */
export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

/** An event that is longer than this is not ours: what was read of it is thrown away. Characters. */
const LONGEST = 4_000_000;

/** Reads a stream piece by piece: give it what came, it gives back what is whole. Ids and `retry` are not used. */
export function eventReader(): (text: string) => readonly StreamEvent[] {
  let rest = '';
  return (text) => {
    rest += text;
    // A line end may be cut in two: what stands last waits for what follows.
    const whole = rest.replace(/\r\n/g, '\n').split(/\n\n/);
    rest = whole.pop() ?? '';
    if (rest.length > LONGEST) rest = '';
    return whole.flatMap(eventOf);
  };
}

function eventOf(block: string): readonly StreamEvent[] {
  let name = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }
  return data.length > 0 ? [{ name, data: data.join('\n') }] : [];
}
