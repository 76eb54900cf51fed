import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Doc } from './document';

/**
 * The functions in Lua that end open streams, by the plugin that runs them. One instance of a plugin has one phase, so
 * it takes two: what is silent has no phase to be caught in, and last words can be said in `body_filter` alone. Either
 * does its part where APISIX refuses the other.
 */
export const ENDERS = ['serverless-pre-function', 'serverless-post-function'] as const;
export type Ender = (typeof ENDERS)[number];

/** Which open streams end: all of them; all, but without last words; those that send something; none. */
export type Streams = 'all' | 'all-without-event' | 'speaking' | 'none';

export function streamsOf(enders: readonly Ender[]): Streams {
  if (enders.includes('serverless-pre-function'))
    return enders.includes('serverless-post-function') ? 'all' : 'all-without-event';
  return enders.length > 0 ? 'speaking' : 'none';
}

/** In words, for what is missing. */
export const LACK: Readonly<Record<Ender, string>> = {
  'serverless-pre-function': 'open streams that are silent, and WebSockets, are not ended',
  'serverless-post-function': 'open streams end without a last event',
};

const lua = (name: string): string => readFileSync(join(__dirname, `${name}.lua`), 'utf8');
const part = (name: string, file: string): string => `local ${name} = (function()\n${lua(file)}end)()\n`;

/** The two parts that both share, then its own: the whole text of a function stands in one string. */
const whole = (file: string): string =>
  `-- pullcord clamp 2\n${part('severed_ids', 'clamp-rule')}${part('sockets', 'clamp-sockets')}${lua(file)}`;

const functions: Readonly<Record<Ender, Doc>> = {
  'serverless-pre-function': { phase: 'rewrite', functions: [whole('clamp-silent')] },
  'serverless-post-function': { phase: 'body_filter', functions: [whole('clamp')] },
};

/** Needed while something is cut, and it costs something for every chunk: it is switched off until then. */
const SWITCHED: Ender = 'serverless-post-function';
const switched = (isCutting: boolean): Doc => ({ _meta: { disable: !isCutting } });

export const enderPlugins = (enders: readonly Ender[], isCutting: boolean): Doc =>
  Object.fromEntries(
    enders.map((ender) => [ender, { ...functions[ender], ...(ender === SWITCHED && switched(isCutting)) }]),
  );

/** What a write of the ids has to change in them. */
export const enderSwitches = (enders: readonly Ender[], isCutting: boolean): Doc =>
  enders.includes(SWITCHED) ? { [SWITCHED]: switched(isCutting) } : {};
