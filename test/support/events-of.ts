export interface LiveEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export interface Listening {
  readonly status: number;
  /** What came until now, in order. */
  readonly events: LiveEvent[];
  /** Comments that came. */
  comments: number;
  /** Whether the server ended it. */
  ended: boolean;
  hangUp(): void;
}

/** Listens to server-sent events until one of both ends it. */
export async function eventsOf(url: string, headers: Readonly<Record<string, string>>): Promise<Listening> {
  const controller = new AbortController();
  const answer = await fetch(`${url}/api/v1/live`, { headers: { ...headers }, signal: controller.signal });
  const heard: Listening = {
    ...{ status: answer.status, events: [], comments: 0, ended: false },
    hangUp: () => controller.abort(),
  };
  if (answer.headers.get('content-type') !== 'text/event-stream') {
    await answer.body?.cancel();
    return heard;
  }
  void (async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = /^event: (.*)$/m.exec(block)?.[1];
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (event && data) heard.events.push({ event, data: JSON.parse(data) as Record<string, unknown> });
        else if (block.startsWith(':')) heard.comments += 1;
      }
    }
    heard.ended = true;
  })().catch(() => undefined);
  return heard;
}
