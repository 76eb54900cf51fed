import { useEffect, useRef, useState } from 'preact/hooks';
import { type HoldEvent, hold, idle, progress } from '../hold';

export interface HoldButtonProps {
  /** What is ordered when it was held for long enough. */
  readonly scope: string;
  readonly onHeld: () => void;
  readonly onEarly: () => void;
  /** Someone, or something, clicked without pressing: a screen reader, a voice. */
  readonly onClick: () => void;
}

/** Circumference of the ring, which `stroke-dashoffset` uncovers. */
const RING = 2 * Math.PI * 46;

/** The big red button. One gesture for a finger, a mouse and a key. */
export function HoldButton({ scope, onHeld, onEarly, onClick }: HoldButtonProps) {
  const [state, setState] = useState(idle);
  const now = useRef(idle);
  const ring = useRef<SVGCircleElement>(null);
  const pressed = useRef(false);

  function happen(kind: HoldEvent['kind']): void {
    const before = now.current;
    const next = hold(before, { kind, at: performance.now() });
    if (next === before) return;
    now.current = next;
    setState(next);
    if (next.phase === 'done') {
      navigator.vibrate?.(200);
      onHeld();
    }
    if (next.phase === 'early') onEarly();
  }

  useEffect(() => {
    if (state.phase !== 'holding') {
      ring.current?.setAttribute('stroke-dashoffset', String(RING * (1 - progress(state, 0))));
      return;
    }
    navigator.vibrate?.(30);
    let frame = requestAnimationFrame(function turn() {
      ring.current?.setAttribute('stroke-dashoffset', String(RING * (1 - progress(now.current, performance.now()))));
      happen('tick');
      if (now.current.phase === 'holding') frame = requestAnimationFrame(turn);
    });
    const lost = (): void => happen('lost');
    window.addEventListener('blur', lost);
    document.addEventListener('visibilitychange', lost);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener('blur', lost);
      document.removeEventListener('visibilitychange', lost);
    };
  }, [state]);

  const isKey = ({ key }: KeyboardEvent): boolean => key === ' ' || key === 'Enter';
  return (
    <button
      type="button"
      class={`hold hold-${state.phase}`}
      aria-label={`Stop ${scope}: press and hold`}
      aria-describedby="hold-how"
      onPointerDown={(event) => {
        if (event.button !== 0 || !event.isPrimary) return;
        pressed.current = true;
        // The finger may slip: the press is still meant.
        event.currentTarget.setPointerCapture(event.pointerId);
        happen('press');
      }}
      onPointerUp={() => happen('release')}
      onPointerCancel={() => happen('lost')}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (!isKey(event)) return;
        // The browser's own click would count as a second order.
        event.preventDefault();
        if (!event.repeat) happen('press');
      }}
      onKeyUp={(event) => {
        if (!isKey(event)) return;
        event.preventDefault();
        happen('release');
      }}
      onBlur={() => happen('lost')}
      onClick={() => {
        if (!pressed.current) onClick();
        pressed.current = false;
      }}
    >
      <svg viewBox="0 0 100 100" aria-hidden="true" focusable="false">
        <circle class="hold-track" cx="50" cy="50" r="46" />
        <circle
          class="hold-ring"
          ref={ring}
          cx="50"
          cy="50"
          r="46"
          stroke-dasharray={RING}
          stroke-dashoffset={RING}
          transform="rotate(-90 50 50)"
        />
      </svg>
      <span class="hold-word" aria-hidden="true">
        STOP
      </span>
    </button>
  );
}
