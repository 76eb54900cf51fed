/** As short as an axis wants it: `$0.05`, `$12`, `$3.5k`. US dollars. */
export function money(usd: number): string {
  if (usd === 0) return '$0';
  if (usd < 0.01) return `$${usd.toPrecision(1)}`;
  if (usd < 1000) return `$${usd < 100 ? usd.toFixed(2).replace(/\.00$/, '') : Math.round(usd)}`;
  return `$${tokensShort(usd)}`;
}

/** `950`, `12k`, `3.5M`. */
export function tokensShort(amount: number): string {
  const [size, letter] = SIZES.find(([from]) => amount >= from) ?? [1, ''];
  const value = amount / size;
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)}${letter}`;
}

const SIZES = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;
