import { readFileSync } from 'node:fs';

/**
 * For jest's `setupFilesAfterEnv`: a test that failed is played once more, for some of them wait on real clocks with
 * real sockets, and a machine that stood still for a moment fails those. The first failure is printed all the same.
 *
 * Not where a failure that comes once in a while is just what is looked for: laws, the model, faults, attacks; nor where
 * each test goes on from where the one before it ended.
 */
const ONCE =
  /[\\/]test[\\/](real[\\/]instances|real[\\/]crash|real[\\/]doubt|real[\\/]console|laws|model|reliability|security|fuzz|soak)/;

/** Wherever it stands: a law that is broken once in a while is broken. */
const NAMES_A_LAW = /\blaws? [1-8]\b/i;

const { testPath = '' } = expect.getState();
if (!ONCE.test(testPath) && !NAMES_A_LAW.test(readFileSync(testPath, 'utf8')))
  jest.retryTimes(1, { logErrorsBeforeRetry: true });
