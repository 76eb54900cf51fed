import fc from 'fast-check';

/**
 * For jest's `setupFilesAfterEnv`: properties are tried on the same cases each time, so that a red run is about the
 * change at hand and shows the same again. `PROPERTY_SEED=random npm test` looks further, `PROPERTY_SEED=<number>` again
 * at what that found.
 */
const { PROPERTY_SEED: asked } = process.env;

if (asked !== 'random') fc.configureGlobal({ seed: asked === undefined ? 1 : Number(asked) });
