import { parentIn } from '../../src/tracing/traceparent';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

it.each([
  ['01', 1],
  ['00', 0],
  ['03', 1],
])('of a good one, with the flags %s', (flags, traceFlags) => {
  expect(parentIn(`00-${TRACE}-${SPAN}-${flags}`)).toEqual({
    traceId: TRACE,
    spanId: SPAN,
    traceFlags,
    isRemote: true,
  });
});

// https://www.w3.org/TR/trace-context/#traceparent-header-field-values
it.each([
  undefined,
  '',
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE}${SPAN}-01`,
])('of %j, nothing', (header) => {
  expect(parentIn(header)).toBeUndefined();
});
