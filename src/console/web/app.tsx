import { useEffect, useState } from 'preact/hooks';
import { Frame } from './frame';
import { follow } from './live/live';
import { SignIn } from './pages/sign-in';
import { readRoute } from './route';
import { refreshSession, signed } from './session';
import { stops } from './stops/stops';
import { useStore } from './store';

export function useRoute() {
  const [route, set] = useState(() => readRoute(location.hash));
  useEffect(() => {
    const moved = (): void => set(readRoute(location.hash));
    window.addEventListener('hashchange', moved);
    return () => window.removeEventListener('hashchange', moved);
  }, []);
  return route;
}

const RETRY_MS = 3_000;
/** Clocks differ: Pullcord's says when a session is over. Milliseconds. */
const AFTER_MS = 1_000;

/** Nothing is shown to who is not signed in; but without a signal, the button is. */
export function App() {
  const who = useStore(signed);
  const route = useRoute();

  useEffect(() => {
    void refreshSession();
    const online = (): void => stops.wake('network');
    window.addEventListener('online', online);
    return () => window.removeEventListener('online', online);
  }, []);

  useEffect(() => {
    if (who.kind === 'unknown') {
      const timer = setInterval(() => void refreshSession(), RETRY_MS);
      return () => clearInterval(timer);
    }
    if (who.kind !== 'in') return;
    stops.wake('session');
    const following = follow(() => void refreshSession());
    return () => following.stop();
  }, [who.kind]);

  const until = who.kind === 'in' ? Date.parse(who.session.until) : undefined;
  useEffect(() => {
    if (until === undefined) return;
    const timer = setTimeout(() => void refreshSession(), Math.max(0, until - Date.now()) + AFTER_MS);
    return () => clearTimeout(timer);
  }, [until]);

  if (who.kind === 'asking')
    return (
      <main class="opening" aria-busy="true">
        <h1>Pullcord</h1>
      </main>
    );
  if (who.kind === 'out') return <SignIn ended={who.ended} />;
  return <Frame route={route} who={who} />;
}
