import type { ScopeAnswer } from '../../../../intake/http/schemas';

/** The cord from the agent to its models: whole, or torn. The word below says the same. */
export function Cord({ state }: { readonly state: ScopeAnswer['state'] }) {
  const torn = state === 'severed' || state === 'severing';
  return (
    <svg class="cord" aria-hidden="true" focusable="false">
      <line class="cord-end" x1="0" y1="50%" x2={torn ? '44%' : '50%'} y2="50%" />
      <line class="cord-end" x1={torn ? '56%' : '50%'} y1="50%" x2="100%" y2="50%" />
      {torn ? (
        <>
          <line class="cord-tear" x1="44%" y1="20%" x2="44%" y2="80%" />
          <line class="cord-tear" x1="56%" y1="20%" x2="56%" y2="80%" />
        </>
      ) : (
        <line class="cord-flow" x1="0" y1="50%" x2="100%" y2="50%" />
      )}
    </svg>
  );
}
