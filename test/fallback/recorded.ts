import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Doc } from '../../src/cutters/apisix/document';
import type { Subject } from '../../src/fallback/subject';

const read = <T>(name: string): readonly T[] =>
  JSON.parse(readFileSync(join(__dirname, '../fixtures/fallback', `${name}.json`), 'utf8')) as readonly T[];

/**
 * What a real APISIX 3.18.0 with two workers did with an object, its primary up, refusing connections, answering 500
 * (requests and probes, requests alone), breaking connections off (requests alone; all requests are POST).
 */
export interface Measured {
  readonly kind: Subject['kind'];
  readonly name: string;
  readonly object: Doc & { readonly id: string };
  readonly measured: {
    /** The fallback took requests while the primary was well. */
    readonly always: boolean;
    /** It took every request from the first on; the others: some, sooner or later. */
    readonly refusedAtOnce: boolean;
    readonly refused: boolean;
    readonly backFromRefused: boolean;
    readonly failing: boolean;
    readonly backFromFailing: boolean;
    readonly failingProbesWell?: boolean;
    readonly brokenProbesWell?: boolean;
    /** The primary answers 429: `ai-proxy-multi` alone was asked. */
    readonly tooMany?: boolean;
  };
}

export const MEASURED = read<Measured>('measured');

export const subjectOf = ({ kind, object }: Measured): Subject => ({
  kind,
  holder: kind === 'upstream' ? 'upstreams' : 'routes',
  id: object.id,
});

/** Answers of the Control API, with the object that holds the upstream. */
export const HEALTH = read<{
  readonly name: string;
  readonly holder: Subject['holder'];
  readonly id: string;
  readonly object?: Doc;
  readonly status: number;
  readonly body: unknown;
}>('health');

/** What a PATCH made of an object, read by GET before and after. */
export const PATCHES = read<{
  readonly path: string;
  readonly before: Doc & { readonly id: string };
  readonly patch: Doc;
  readonly after: Doc;
}>('patches');
