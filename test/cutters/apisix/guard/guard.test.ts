import fc from 'fast-check';
import { type GuardApi, GuardError, type GuardState, type GuardWrite } from '../../../../src/cutters/apisix/guard/api';
import { Guard } from '../../../../src/cutters/apisix/guard/guard';
import { ALWAYS } from '../../../../src/cutters/cutter';
import { createGuard } from '../../../../src/sandbox/apisix/data-plane/guard';
import { signature } from '../../../../src/signature';
import { notOvertaken } from '../../../support/goal';

/** One guard over time, against the sandbox's: what it is told, what it loses, what never happens. */
const SECRET = 's'.repeat(32);
const ROUTES = ['a', 'b', 'c', 'd'];

type Bad = 'none' | 'away' | 'silent' | 'late';

/** The sandbox's guard, called directly. Silent: applied, and not answered. Late: applied when it is asked for. */
function bench() {
  const remote = createGuard({ secret: SECRET, fail: 'open', leaseSeconds: 0, isArmed: () => true, now: Date.now });
  const late: string[] = [];
  let bad: Bad = 'none';
  const call = (method: string, path: string, body: string): GuardState => {
    const signed = signature(SECRET, body, Math.floor(Date.now() / 1000));
    const answer = remote.answer(method, `/v1/plugin/pullcord-guard/${path}`, signed, body);
    if (answer?.status === 409) throw new GuardError('stale', 'answered 409', 'Look again.');
    if (answer?.status !== 200) throw new Error(`answered ${answer?.status}`);
    return answer.body as unknown as GuardState;
  };
  const silent = (): GuardError => new GuardError('unavailable', 'no answer', 'Look.', true);
  const api: GuardApi = {
    url: 'http://guard.example.org',
    async state() {
      if (bad !== 'none') throw silent();
      return call('GET', 'state', '');
    },
    async cut(write: GuardWrite) {
      const body = JSON.stringify(write);
      if (bad === 'late') late.push(body);
      if (bad === 'away' || bad === 'late') throw silent();
      const state = call('PUT', 'cut', body);
      if (bad === 'silent') throw silent();
      return state;
    },
    objects: async () => [],
    close: () => remote.close(),
  };
  return {
    api,
    remote,
    holds: (): readonly string[] => ROUTES.filter((id) => remote.refuse(id)),
    turn: (to: Bad) => {
      bad = to;
    },
    /** What hung on its way comes now. */
    arrive() {
      for (const body of late.splice(0))
        remote.answer(
          'PUT',
          '/v1/plugin/pullcord-guard/cut',
          signature(SECRET, body, Math.floor(Date.now() / 1000)),
          body,
        );
    },
  };
}

const steps = fc.array(
  fc.record({
    severed: fc.subarray(ROUTES),
    leave: fc.boolean(),
    rush: fc.boolean(),
    during: fc.constantFrom<Bad>('none', 'none', 'away', 'silent', 'late'),
    restarts: fc.boolean(),
    lost: fc.boolean(),
  }),
  { maxLength: 12 },
);

test('law 1, 2 and 4: whatever fails on the way, it grows at once, lets nothing go without leave, and ends as it should', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { api, remote, holds, turn, arrive } = bench();
      let clock = 1_000;
      let guard = new Guard(api, () => clock);
      let order = 0;
      for (const { severed, leave, rush, during, restarts, lost } of all) {
        clock += 1;
        order += 1;
        if (lost) {
          // The ledger was lost, or it is another Pullcord: it knows nothing.
          order = 1;
          guard = new Guard(api, () => clock);
        }
        if (restarts) remote.forget();
        const wanted = new Set(severed);
        const goal = {
          ...{ order, wanted, scoped: new Set(ROUTES), stays: () => false, noLeave: 'no' },
          mayCut: async () => ALWAYS,
          mayRelease: async () => (leave ? ALWAYS : undefined),
        };
        const before = holds();
        turn(during);
        if (rush) await guard.rush(goal, notOvertaken());
        const told = await guard.bring(goal, notOvertaken());
        if (during !== 'none') expect(told.faults).not.toEqual([]);
        if (!leave) expect(holds()).toEqual(expect.arrayContaining([...before]));
        turn('none');
        const again = await guard.bring(goal, notOvertaken());
        for (const id of wanted) expect(holds()).toContain(id);
        if (leave) expect([holds(), again.stuck]).toEqual([[...severed].sort(), []]);
        // It may hold more: what it held before a restart was never given back.
        else expect(holds()).toEqual(expect.arrayContaining([...before, ...severed]));
        expect([...again.held].sort()).toEqual(holds());
        const settled = holds();
        arrive();
        if (!lost) expect(holds()).toEqual(settled);
      }
      api.close();
    }),
  );
});

test('what it is known to hold already costs no call on a rush; what it is not known to hold is one', async () => {
  const { api, holds } = bench();
  const calls: string[] = [];
  const counted: GuardApi = {
    ...api,
    state: (overtaken) => {
      calls.push('state');
      return api.state(overtaken);
    },
    cut: (write, overtaken) => {
      calls.push('cut');
      return api.cut(write, overtaken);
    },
  };
  const guard = new Guard(counted, Date.now);
  const goal = (order: number, ...ids: string[]) => ({
    ...{ order, wanted: new Set(ids), scoped: undefined, stays: () => false, noLeave: 'no' },
    mayCut: async () => ALWAYS,
    mayRelease: async () => ALWAYS,
  });
  await guard.bring(goal(1), notOvertaken());
  calls.length = 0;
  await guard.rush(goal(2, 'a', 'b'), notOvertaken());
  expect([calls, holds()]).toEqual([['cut'], ['a', 'b']]);
  await guard.rush(goal(3, 'a'), notOvertaken());
  expect([calls, holds()]).toEqual([['cut'], ['a', 'b']]);
  api.close();
});
