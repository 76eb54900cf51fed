import { createHmac } from 'node:crypto';
import type { EventType } from './event';

const ID_BYTES = 16;

/**
 * What an order's way brings happens once, so it has one name: an instance that doesn't know whether another one, or an
 * earlier life of its own, has told it may tell it again. A UUID of version 8 (RFC 9562, 5.8), another one in each
 * installation.
 * @param key at least 32 bytes, a secret of the installation.
 */
export function eventIdOf(key: Buffer, type: EventType, order: number): string {
  const bytes = createHmac('sha256', key).update(`event ${type} ${order}`).digest().subarray(0, ID_BYTES);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
