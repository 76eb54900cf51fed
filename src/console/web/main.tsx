import { render } from 'preact';
import { App } from './app';
import './styles/tokens.css';
import './styles/base.css';
import './styles/frame.css';
import './styles/now.css';

const place = document.getElementById('app');
if (place) {
  place.replaceChildren();
  render(<App />, place);
}

// Missing where the page came without TLS from another machine: then nothing is kept, and all else works.
if ('serviceWorker' in navigator && import.meta.env.PROD)
  navigator.serviceWorker.register('/console/sw.js', { scope: '/console/' }).catch(() => undefined);
