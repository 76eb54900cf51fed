/** Milliseconds on the machine's monotonic clock, which all processes share: their readings can be compared. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6;
