/** One line on a terminal that says how far a long command is. */
export interface Progress {
  /** @param part between 0 and 1; undefined where the end isn't known. */
  show(part: number | undefined, text: string): void;
  /** Takes the line away, before something else is written. */
  clear(): void;
}

const WIDTH = 30;
const EVERY_MS = 100;

/** Nothing at all where `stream` is no terminal. */
export function progressOn(stream: NodeJS.WritableStream, monotonic: () => number = () => performance.now()): Progress {
  const isTerminal = 'isTTY' in stream && stream.isTTY === true;
  let shownAt = Number.NEGATIVE_INFINITY;
  let isShown = false;
  return {
    show(part, text) {
      if (!isTerminal || monotonic() - shownAt < EVERY_MS) return;
      shownAt = monotonic();
      isShown = true;
      const full = Math.round((part ?? 0) * WIDTH);
      const bar =
        part === undefined ? '' : `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${Math.floor(part * 100)} % `;
      stream.write(`\r\x1b[K${bar}${text}`);
    },
    clear() {
      if (!isShown) return;
      isShown = false;
      shownAt = Number.NEGATIVE_INFINITY;
      stream.write('\r\x1b[K');
    },
  };
}
