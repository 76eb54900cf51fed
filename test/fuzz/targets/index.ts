import type { Target } from '../target';
import { apiDoor, smsDoor } from './doors';
import { forms } from './forms';
import { gateway, ledger, operators, orderBodies, queue, spool } from './json';
import { metrics } from './metrics';
import { texts } from './texts';
import { yaml } from './yaml';

/** Of a million inputs, all. */
export const targets: readonly Target[] = [
  ...[texts, forms, orderBodies, yaml, metrics, gateway, queue, operators, ledger, spool, apiDoor, smsDoor],
];
