import { randomBytes } from 'node:crypto';
import { deriveKeys } from '../../src/config/secrets';
import type { Operator } from '../../src/operators/operator';

export const keys = deriveKeys(randomBytes(32));

export const alice: Operator = {
  name: 'alice',
  phones: ['+15550100001', '+15550100002'],
  rights: ['stop', 'restore', 'status'],
  totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  backupCodes: [],
};

export const bob: Operator = {
  name: 'bob',
  phones: ['+15550100003'],
  rights: ['stop'],
  totpSecret: 'KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU',
  backupCodes: [],
};
