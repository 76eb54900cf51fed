import type { Footprint } from './pullcord';
import { serveParent } from './serve-parent';

/** A process with nothing in it: what Node takes by itself. */
export interface BareContract {
  readonly options: null;
  readonly ready: null;
  readonly calls: { footprint(): Pick<Footprint, 'rssMiB'> };
}

serveParent<BareContract>(async () => ({
  ready: null,
  calls: { footprint: () => ({ rssMiB: process.memoryUsage.rss() / 1024 / 1024 }) },
  close: async () => undefined,
}));
