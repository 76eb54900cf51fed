export function Line(_props: { readonly number?: string; readonly subject?: string }) {
  return <p class="quiet">…</p>;
}
