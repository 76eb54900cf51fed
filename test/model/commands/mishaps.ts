import fc from 'fast-check';
import type { AdminFault, NodeFault } from '../gateway/apisix';
import type { LedgerFault, World } from '../world';
import { Command } from './command';

const gatewayOf = (world: World, i: number) => {
  const gateway = world.gateways[i % world.gateways.length];
  if (!gateway) throw new Error('a world without gateways');
  return gateway;
};
const mishap = (name: string, steps: number, happen: (world: World) => Promise<void> | void): Command =>
  new Command(name, steps, async (world) => {
    world.stirred = true;
    await happen(world);
  });
const steps = fc.nat(40);
const which = fc.nat(1);

export const crashOf = ({ which, steps, again }: { which: number; steps: number; again: boolean }): Command =>
  new Command(`instance ${which} dies${again ? ' and starts again' : ''}`, steps, async (world) => {
    const instance = which % world.programs.length;
    world.crash(instance);
    if (again) await world.boot(instance);
  });

export const crash = fc.record({ which, steps, again: fc.boolean() }).map(crashOf);

export const start = fc
  .record({ which, steps })
  .map(
    ({ which, steps }) =>
      new Command(`instance ${which} starts`, steps, (world) => world.boot(which % world.programs.length)),
  );

interface OfAdmin {
  readonly which: number;
  readonly steps: number;
  readonly fault: AdminFault | undefined;
}

export const adminIs = ({ which, steps, fault }: OfAdmin): Command =>
  mishap(`the Admin API ${which} is ${fault ?? 'well'}`, steps, (world) => {
    gatewayOf(world, which).fault = fault;
  });

export const adminFault = fc
  .record({
    which,
    steps,
    fault: fc.constantFrom<AdminFault | undefined>('away', 'error', 'hang', 'hang, then applied', 'lost', undefined),
  })
  .map(adminIs);

interface OfNode {
  readonly which: number;
  readonly node: number;
  readonly steps: number;
  readonly fault: NodeFault | undefined;
}

export const nodeIs = ({ which, node, steps, fault }: OfNode): Command =>
  mishap(`node ${node} of gateway ${which} is ${fault ?? 'well'}`, steps, (world) => {
    const gateway = gatewayOf(world, which);
    const one = gateway.nodes[node % gateway.nodes.length];
    if (!one) return;
    one.fault = fault;
    gateway.hear(one);
  });

export const nodeFault = fc
  .record({ which, node: fc.nat(1), steps, fault: fc.constantFrom<NodeFault | undefined>('away', 'deaf', undefined) })
  .map(nodeIs);

interface OfLedger {
  readonly which: number;
  readonly steps: number;
  readonly fault: LedgerFault | undefined;
}

export const ledgerIs = ({ which, steps, fault }: OfLedger): Command =>
  mishap(`the ledger is ${fault ?? 'well'} for ${which}`, steps, (world) => {
    world.ledgerFault[which % world.programs.length] = fault;
  });

export const ledgerFault = fc
  .record({
    which,
    steps,
    fault: fc.constantFrom<LedgerFault | undefined>('away', 'hang', 'lost', 'slow', 'very slow', undefined),
  })
  .map(ledgerIs);

export const queueFault = fc.record({ steps, how: fc.constantFrom('away', 'back', 'empty') }).map(({ steps, how }) =>
  mishap(`the queue is ${how}`, steps, (world) => {
    if (how === 'empty') world.queue.empty();
    else if (how === 'back') world.queue.mend();
    else world.queue.away = true;
  }),
);

export const textsAre = ({ steps, away }: { steps: number; away: boolean }): Command =>
  mishap(`texts ${away ? "can't be sent" : 'can be sent'}`, steps, (world) => {
    world.smsAway = away;
  });

export const smsFault = fc.record({ steps, away: fc.boolean() }).map(textsAre);

export const mend = fc.nat(60).map((steps) => new Command('all faults end', steps, (world) => world.mend()));

export const clock = fc
  .record({ steps, seconds: fc.constantFrom(0, 0, 25, 35, -35, 95, -95, 620, -620, 4_000, -4_000) })
  .map(({ steps, seconds }) =>
    mishap(`the clock is ${seconds} s off`, steps, (world) => world.setClock(seconds * 1000)),
  );

export const passes = (ms: number): Command => new Command(`${ms} ms pass`, 0, (world) => world.time.run(ms));

export const wait = fc.constantFrom(50, 600, 3_000, 6_000, 31_000).map(passes);
