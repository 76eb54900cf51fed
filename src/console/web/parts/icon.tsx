import type { JSX } from 'preact';

/** Drawn here, so that no font and no other file is needed. 24 by 24; the word beside it says what it means. */
const drawings = {
  /** A closed line: it flows. */
  live: (
    <>
      <circle cx="12" cy="12" r="6" />
      <path d="M0 12h6M18 12h6" />
      <path d="m9.3 12.2 1.9 1.9 3.6-4" />
    </>
  ),
  severing: (
    <>
      <path d="M0 12h5M19 12h5" />
      <path d="M8 5.5a7.6 7.6 0 0 1 8 0M8 18.5a7.6 7.6 0 0 0 8 0" />
      <path d="M12 9v3.5l2 1.5" />
    </>
  ),
  /** A torn line. */
  severed: (
    <>
      <path d="M0 12h6.5M17.5 12H24" />
      <path d="M8.5 7.5v9M15.5 7.5v9" />
    </>
  ),
  restoring: (
    <>
      <path d="M0 12h5M19 12h5" />
      <path d="M7 12a5 5 0 0 1 9-3M17 12a5 5 0 0 1-9 3" />
      <path d="M16.5 5.5V9H13M7.5 18.5V15H11" />
    </>
  ),
  well: <path d="m4 12.5 5 5L20 6.5" />,
  warning: (
    <>
      <path d="M12 3.5 22 20.5H2z" />
      <path d="M12 10v5M12 17.4v.4" />
    </>
  ),
  broken: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="m8.5 8.5 7 7M15.5 8.5l-7 7" />
    </>
  ),
  unknown: (
    <>
      <circle cx="12" cy="12" r="9" stroke-dasharray="3 3" />
      <path d="M9.5 9.5a2.5 2.5 0 1 1 3.4 2.3c-.6.3-.9.7-.9 1.4M12 16.2v.4" />
    </>
  ),
  skipped: <path d="M5 12h14" />,
  alarm: (
    <>
      <path d="M6 16v-5a6 6 0 0 1 12 0v5l1.5 2h-15z" />
      <path d="M10.5 20.5h3" />
    </>
  ),
  wait: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M12 7v5.2l3.4 2" />
    </>
  ),
  now: (
    <>
      <path d="M12 2v8" />
      <circle cx="12" cy="15.5" r="5.5" />
    </>
  ),
  spend: <path d="M2 20h20M4 16l5-6 4 3 7-9" />,
  incidents: <path d="M9 6h12M9 12h12M9 18h12M3.5 6h.1M3.5 12h.1M3.5 18h.1" />,
  line: (
    <>
      <circle cx="5" cy="12" r="3" />
      <circle cx="19" cy="12" r="3" />
      <path d="M8 12h8M12 9.5v5" />
    </>
  ),
  why: (
    <>
      <circle cx="10.5" cy="10.5" r="7" />
      <path d="m15.5 15.5 6 6" />
    </>
  ),
  out: <path d="M14 4h6v16h-6M3 12h11M10 8l4 4-4 4" />,
} as const satisfies Record<string, JSX.Element>;

export type IconName = keyof typeof drawings;

export function Icon({ name, large = false }: { readonly name: IconName; readonly large?: boolean }) {
  return (
    <svg class={large ? 'icon icon-large' : 'icon'} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {drawings[name]}
    </svg>
  );
}
