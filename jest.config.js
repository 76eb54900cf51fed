const { availableParallelism } = require('node:os');

/** One pattern a suite: `npm test` takes what needs npm packages alone, the others name their folder. */
const suite = process.env.SUITE ?? 'unit';
const folders = {
  unit: {
    testMatch: ['<rootDir>/test/**/*.test.ts'],
    testPathIgnorePatterns: ['<rootDir>/test/real/', '<rootDir>/test/soak/'],
  },
  contract: { testMatch: ['<rootDir>/test/contract/**/*.test.ts'] },
  real: { testMatch: ['<rootDir>/test/real/**/*.test.ts'] },
  soak: { testMatch: ['<rootDir>/test/soak/**/*.test.ts'] },
};

module.exports = {
  ...folders[suite],
  testEnvironment: 'node',
  setupFilesAfterEnv: ['leaks', 'properties', 'again'].map((name) => `<rootDir>/test/support/${name}.ts`),
  // n8n's library isn't installed here: a stand-in with the same shapes takes its place.
  moduleNameMapper: { '^n8n-workflow$': '<rootDir>/test/support/n8n/workflow.ts' },
  modulePathIgnorePatterns: ['<rootDir>/n8n-nodes/node_modules/', '<rootDir>/n8n-nodes/dist/'],
  transform: {
    '^.+\\.[jt]s$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // otplib requires the first two, the console openid-client, which are ES modules alone: Node takes them, jest has to
  // be given a transformed copy.
  transformIgnorePatterns: ['/node_modules/(?!@scure/|@noble/|openid-client/|oauth4webapi/|jose/)'],
  // jest's own choice leaves one core idle, which is half of a machine that has two.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // What a file leaves in memory slows down all that come after it: a worker that has grown is begun anew.
  workerIdleMemoryLimit: '1GB',
  testTimeout: { real: 60_000, soak: 3_600_000 }[suite] ?? 30_000,
  openHandlesTimeout: 2_000,
};
