export function Why(_props: { readonly number?: string; readonly subject?: string }) {
  return <p class="quiet">…</p>;
}
