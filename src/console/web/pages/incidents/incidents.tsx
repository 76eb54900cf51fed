export function Incidents(_props: { readonly number?: string; readonly subject?: string }) {
  return <p class="quiet">…</p>;
}
