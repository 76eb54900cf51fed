/**
 * For jest's `setupFilesAfterEnv`: a test that failed is played once more, for some of them wait on real clocks with
 * real sockets, and a machine that stood still for a moment fails those. The first failure is printed all the same.
 *
 * Not where a failure that comes once in a while is just what is looked for: laws, the model, faults, attacks; nor where
 * each test goes on from where the one before it ended.
 */
const ONCE =
  /[\\/]test[\\/](real[\\/]instances|real[\\/]crash|real[\\/]doubt|real[\\/]console|laws|model|reliability|security|fuzz|soak)/;

if (!ONCE.test(expect.getState().testPath ?? '')) jest.retryTimes(1, { logErrorsBeforeRetry: true });
