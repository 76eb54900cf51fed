/* Keeps the page's shell, so that the button is there without a signal. Never keeps an answer of the API. */
const shell = [
  /* the shell */
];
const CACHE = `pullcord-shell ${shell.join(' ')}`;
const PAGE = '/console/';
/** Somebody waits for the button. Milliseconds. */
const LATE_MS = 3_000;

self.addEventListener('install', (event) => {
  const files = [PAGE, ...shell.map((name) => PAGE + name)];
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)));
  self.skipWaiting();
});

self.addEventListener('activate', (event) => {
  const old = (names) => names.filter((name) => name.startsWith('pullcord-shell ') && name !== CACHE);
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(old(names).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

/** The page itself: the newest that there is; the kept one where no network answers, or none in time. */
function newest(request) {
  const kept = () => caches.match(PAGE);
  return new Promise((resolve) => {
    const late = setTimeout(() => kept().then((page) => page && resolve(page)), LATE_MS);
    fetch(request)
      .catch(async () => (await kept()) ?? Response.error())
      .then((answer) => {
        clearTimeout(late);
        resolve(answer);
      });
  });
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (request.mode === 'navigate' && (url.pathname === PAGE || url.pathname === '/console')) {
    event.respondWith(newest(request));
    return;
  }
  // Files whose names hold their hash never change.
  if (shell.some((name) => url.pathname === PAGE + name))
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
});
