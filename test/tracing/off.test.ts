import { createLogger } from '../../src/log';
import { openTracing } from '../../src/tracing';
import { NO_SPAN, noTracing } from '../../src/tracing/span';

const loaded = jest.fn();
jest.mock('../../src/tracing/otlp', () => {
  loaded();
  return { otlpTracing: () => noTracing };
});

const common = { version: '0', logger: createLogger({ level: 'silent' }) };
const order = { key: 'k', action: 'sever', scope: 'agent', source: 'sms', correlation: 'c' } as const;

it('without its block nothing of OpenTelemetry is loaded, and nothing is traced', async () => {
  const tracing = openTracing({ ...common, config: { tracing: undefined } });
  expect(loaded).not.toHaveBeenCalled();
  expect(tracing.door('sms')).toBeUndefined();
  expect(tracing.order(order)).toBe(NO_SPAN);
  expect(NO_SPAN.child('x')).toBe(NO_SPAN);
  expect(tracing.pass('apisix main', { order: 1 })).toBe(NO_SPAN);
  await expect(tracing.job('reply', 1, async () => 7)).resolves.toBe(7);
  await tracing.close();
});

it('with it, it is', () => {
  openTracing({ ...common, config: { tracing: { otlpUrl: 'http://127.0.0.1:1', headers: {}, sampleRatio: 1 } } });
  expect(loaded).toHaveBeenCalledTimes(1);
});
