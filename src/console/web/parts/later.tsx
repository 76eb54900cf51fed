import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Notice } from './notice';

/** A page whose script comes when it is asked for: what the button needs comes first. */
export function later<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return function Later(props: P) {
    const [, again] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded) return;
      load().then(
        (page) => {
          loaded = page;
          again((n) => n + 1);
        },
        () => setFailed(true),
      );
    }, []);
    if (loaded) {
      const Loaded = loaded;
      return <Loaded {...props} />;
    }
    return failed ? (
      <Notice tone="warning" title="This page could not be loaded.">
        <p>Reload when Pullcord can be reached. The button works without it.</p>
      </Notice>
    ) : (
      <p class="quiet">Loading…</p>
    );
  };
}
