/** For `jest.mock('node:timers/promises', ...)`: waits by whatever timers there are, also those of virtual time. */
export const onTimers = (): object => ({
  ...jest.requireActual('node:timers/promises'),
  setTimeout: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
});
