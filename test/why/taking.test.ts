import { nameOf, served, takingOf } from '../../src/why/taking';

const ids = (
  routes: readonly object[],
  asked: { method?: string; host?: string; path: string },
  services: object[] = [],
) => {
  const { routes: found, perhapsNone, off } = takingOf(served(routes as never, services as never), asked);
  return { ids: found.map(({ route }) => route.id), perhapsNone, off: off.map(({ route }) => route.id) };
};
const only = (id: string) => ({ ids: [id], perhapsNone: false, off: [] });

describe('which route takes a request', () => {
  const routes = [
    { id: 'all', uri: '/*' },
    { id: 'v1', uri: '/v1/*' },
    { id: 'chat', uri: '/v1/chat' },
    { id: 'first', uri: '/v2/*', priority: 5 },
    { id: 'second', uri: '/v2/*', priority: 1 },
  ];
  it.each([
    ['/v1/chat', 'chat'],
    ['/v1/chat/x', 'v1'],
    ['/else', 'all'],
    ['/v2/x', 'first'],
    ['/v1/ch%61t', 'chat'],
  ])('%s goes to %s', (path, id) => expect(ids(routes, { path })).toEqual(only(id)));

  it('none', () =>
    expect(ids([{ id: 'a', uri: '/a' }], { path: '/b' })).toEqual({ ids: [], perhapsNone: true, off: [] }));

  it('switched off is told, and not taken', () => {
    const off = [
      { id: 'a', uri: '/a', status: 0 },
      { id: 'all', uri: '/*' },
    ];
    expect(ids(off, { path: '/a' })).toEqual({ ids: ['all'], perhapsNone: false, off: ['a'] });
  });

  it('a method or a host that was not told leaves both in', () => {
    const both = [
      { id: 'read', uri: '/a', methods: ['GET'] },
      { id: 'write', uri: '/a', methods: ['POST'] },
      { id: 'other', uri: '/a', hosts: ['x.example.org'], methods: ['POST'] },
    ];
    expect(ids(both, { path: '/a' }).ids.sort()).toEqual(['other', 'read', 'write']);
    expect(ids(both, { path: '/a', method: 'GET' })).toEqual(only('read'));
    expect(ids(both, { path: '/a', method: 'POST', host: 'x.example.org' })).toEqual(only('other'));
    expect(ids(both, { path: '/a', method: 'POST', host: 'y.example.org' })).toEqual(only('write'));
  });

  it('a host of the service counts, and a wildcard', () => {
    const routes = [{ id: 'a', uri: '/a', service_id: 's' }];
    const services = [{ id: 's', hosts: ['*.example.org'] }];
    expect(ids(routes, { path: '/a', host: 'b.example.org' }, services)).toEqual(only('a'));
    expect(ids(routes, { path: '/a', host: 'example.com' }, services).ids).toEqual([]);
  });

  it('where the router decides between host and path, both may take it', () => {
    const routes = [
      { id: 'host', uri: '/*', hosts: ['a.example.org'] },
      { id: 'path', uri: '/v1/chat' },
    ];
    expect(ids(routes, { path: '/v1/chat', host: 'a.example.org' }).ids.sort()).toEqual(['host', 'path']);
  });

  it.each([{ vars: [['arg_x', '==', '1']] }, { remote_addr: '10.0.0.1' }, { filter_func: 'function(vars) end' }])(
    'one that takes only some requests may leave it to the next: %j',
    (narrow) => {
      expect(
        ids(
          [
            { id: 'some', uri: '/v1/*', ...narrow },
            { id: 'all', uri: '/*' },
          ],
          { path: '/v1/x' },
        ),
      ).toEqual({
        ...{ ids: ['some', 'all'], perhapsNone: false, off: [] },
      });
      expect(ids([{ id: 'some', uri: '/v1/*', ...narrow }], { path: '/v1/x' }).perhapsNone).toBe(true);
    },
  );

  it('whether :name is a parameter depends on the router', () => {
    const routes = [
      { id: 'param', uri: '/a/:id' },
      { id: 'all', uri: '/*' },
    ];
    expect(ids(routes, { path: '/a/7' }).ids).toEqual(['param', 'all']);
    expect(ids(routes, { path: '/a/7/b' }).ids).toEqual(['all']);
  });
});

it('is called by its id and its name', () => {
  const [one, other] = served(
    [
      { id: 1, name: 'chat', uri: '/a' },
      { id: 'b', uri: '/b' },
    ] as never,
    [],
  );
  expect([one && nameOf(one), other && nameOf(other)]).toEqual(['1 (chat)', 'b']);
});
