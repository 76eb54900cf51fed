import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version in package.json, which stands one folder above both `src` and `dist`. */
export function version(): string {
  const packageJson: unknown = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'));
  return String((packageJson as { version?: unknown }).version);
}
