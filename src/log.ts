import pino, { type DestinationStream, type Logger } from 'pino';
import { harmless } from './printable';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly destination?: DestinationStream;
}

/** Fields that never reach a log, at any depth that our lines have. */
const SECRETS = ['code', 'token', 'authToken', 'adminKey', 'secret', 'totpSecret', 'password', 'authorization', 'key'];

/**
 * Structured lines on standard output. Errors are told by name, message, stack and cause alone: an HTTP client's error
 * carries the whole request, keys in its headers included.
 */
export function createLogger({ level, destination }: LogOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    serializers: { err: describeError },
    hooks: { streamWrite: harmless },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** What of an error may be written down. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack, cause } = error;
  const { code } = error as NodeJS.ErrnoException;
  return {
    ...{ name, message, stack },
    ...(typeof code === 'string' ? { errno: code } : {}),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  };
}
