import { z } from 'zod';

/** What one person or token may do. */
export const right = z.enum(['stop', 'restore', 'status']);
export type Right = z.infer<typeof right>;
