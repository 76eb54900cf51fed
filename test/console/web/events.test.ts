import fc from 'fast-check';
import { eventReader } from '../../../src/console/web/live/events';
import { address, pages, readRoute } from '../../../src/console/web/route';

const whole =
  ': hello\n\nevent: status\ndata: {"a":\ndata: 1}\n\ndata:plain\n\nevent: empty\n\nid: 5\nevent: bye\ndata: x: y\n\n';
const events = [
  { name: 'status', data: '{"a":\n1}' },
  { name: 'message', data: 'plain' },
  { name: 'bye', data: 'x: y' },
];

describe('a stream of events', () => {
  it.each([
    ['LF', whole],
    ['CR LF', whole.replaceAll('\n', '\r\n')],
  ])('is read however it is cut, with %s', (_name, text) => {
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const read = eventReader();
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const seen = places.flatMap((place, index) => read(text.slice(place, places[index + 1] ?? place)));
        expect(seen).toEqual(events);
      }),
    );
  });

  it('says nothing of what is not whole', () => {
    expect(eventReader()('event: status\ndata: 1\n')).toEqual([]);
  });
});

describe('where the page is', () => {
  it.each([
    ['', { page: 'now' }],
    ['#', { page: 'now' }],
    ['#/elsewhere', { page: 'now' }],
    ['#/spend', { page: 'spend' }],
    ['#/incidents/12', { page: 'incidents', rest: '12' }],
    ['#/why/%E0%A4%A', { page: 'why' }],
  ])('%s', (hash, route) => expect(readRoute(hash)).toEqual(route));

  it('reads every address that it writes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...pages), fc.string({ minLength: 1, unit: 'grapheme' }), (page, rest) => {
        expect(readRoute(address(page, rest))).toEqual({ page, rest });
        expect(readRoute(address(page))).toEqual({ page });
      }),
    );
  });
});
