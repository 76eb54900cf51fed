import fc from 'fast-check';
import { goalOf, notOvertaken } from '../../support/goal';
import { openRig, type Rig } from './rig';

let rig: Rig;
beforeAll(async () => {
  rig = await openRig({ agent: { routes: [{ all: true }] } }, {}, {});
});
afterAll(() => rig.close());

const SCOPES = ['a', 'b', 'c'] as const;
const IDS = ['r0', 'r1', 'r2', 'r3', 'r4'] as const;
const scopes = Object.fromEntries(SCOPES.map((scope) => [scope, { routes: [{ label: scope }] }]));

interface Case {
  readonly method: 'clamp' | 'rewrite' | 'auto';
  /** The scopes that hold each route, and whether it is switched off. */
  readonly routes: readonly { readonly labels: readonly string[]; readonly off: boolean }[];
  readonly severed: readonly string[];
  /** What somebody does while it is cut. */
  readonly meanwhile: readonly { readonly id: string; readonly what: 'delete' | 'unlabel' | 'off' }[];
}

const cases: fc.Arbitrary<Case> = fc.record({
  method: fc.constantFrom('clamp', 'rewrite', 'auto'),
  routes: fc.array(fc.record({ labels: fc.subarray([...SCOPES]), off: fc.constantFrom(false, false, false, true) }), {
    ...{ minLength: IDS.length, maxLength: IDS.length },
  }),
  severed: fc.subarray([...SCOPES], { minLength: 1 }),
  meanwhile: fc.array(fc.record({ id: fc.constantFrom(...IDS), what: fc.constantFrom('delete', 'unlabel', 'off') }), {
    maxLength: 2,
  }),
});

const served = async () =>
  new Set((await Promise.all(IDS.map(async (id) => ((await rig.status(`/${id}`)) === 200 ? [id] : [])))).flat());

let order = 0;
async function clean(): Promise<void> {
  for (const id of IDS) await rig.admin('DELETE', `/routes/${id}`);
  await rig.admin('DELETE', '/global_rules/pullcord-clamp');
  rig.snapshots.kept.clear();
}

it('says exactly what a restore then gives back, whatever holds the routes and whatever was done to them', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ method, routes, severed, meanwhile }) => {
      await clean();
      const labelsOf = (i: number) => Object.fromEntries((routes[i]?.labels ?? []).map((scope) => [scope, 'x']));
      await rig.routes(
        Object.fromEntries(
          IDS.map((id, i) => [
            id,
            { uri: `/${id}`, labels: { of: 'rig', ...labelsOf(i) }, ...(routes[i]?.off ? { status: 0 } : {}) },
          ]),
        ),
      );
      const cutter = rig.another(scopes, { method });
      const enforce = (wanted: readonly string[]) => cutter.enforce(goalOf(wanted, ++order), notOvertaken());
      await enforce(severed);
      for (const { id, what } of meanwhile) {
        if (what === 'delete') await rig.admin('DELETE', `/routes/${id}`);
        if (what === 'unlabel') await rig.admin('PATCH', `/routes/${id}`, { labels: { a: null, b: null, c: null } });
        if (what === 'off') await rig.admin('PATCH', `/routes/${id}`, { status: 0 });
      }
      await enforce(severed);

      const [scope = ''] = severed;
      const preview = cutter.preview(scope, new Set(severed));
      const before = await served();
      await enforce(severed.slice(1));
      const after = await served();
      const back = [...after].filter((id) => !before.has(id)).sort();
      expect(preview.routes.map(({ id }) => id)).toEqual(back);
      for (const { id, how } of preview.routes) expect([id, how]).toEqual([id, method === 'auto' ? 'clamp' : method]);
      for (const { id, why } of preview.stays) {
        expect(after).not.toContain(id);
        expect(why).toMatch(/\S/);
      }
      await cutter.close();
    }),
    { numRuns: 25 },
  );
}, 60_000);

describe('in words', () => {
  afterEach(clean);

  it('what comes back, with its address; what another scope holds, what was off, and what is gone', async () => {
    await clean();
    await rig.routes({
      r0: { uri: '/r0', name: 'zero', hosts: ['a.example.org'], labels: { a: 'x' } },
      r1: { uri: '/r1', labels: { a: 'x', b: 'x' } },
      r2: { uri: '/r2', labels: { a: 'x' }, status: 0 },
      r3: { uri: '/r3', labels: { a: 'x' } },
      r4: { uri: '/r4', labels: { b: 'x' } },
    });
    const cutter = rig.another(scopes);
    expect(cutter.preview('a', new Set(['a']))).toEqual({ routes: [], others: [], stays: [] });
    await cutter.enforce(goalOf(['a', 'b'], ++order), notOvertaken());
    await rig.admin('DELETE', '/routes/r3');
    await cutter.enforce(goalOf(['a', 'b'], order), notOvertaken());
    expect(cutter.preview('a', new Set(['a', 'b', 'nowhere']))).toEqual({
      routes: [{ gateway: 'main', id: 'r0', name: 'zero', uris: ['/r0'], hosts: ['a.example.org'], how: 'clamp' }],
      others: [],
      stays: [
        { gateway: 'main', id: 'r1', why: 'b is severed, too, and holds it' },
        { gateway: 'main', id: 'r2', why: 'it is switched off (status 0), and stays so' },
        { gateway: 'main', id: 'r3', why: 'it is gone: somebody deleted it while it was cut' },
      ],
    });
    await cutter.close();
  });
});
