/** Epoch, in milliseconds. Handed in, so that tests can set it. */
export type Clock = () => number;
