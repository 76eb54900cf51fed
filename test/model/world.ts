import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../src/config/schema';
import type { Doc } from '../../src/cutters/apisix/document';
import type { Database } from '../../src/ledger/database';
import { ToyApisix } from './gateway/apisix';
import { Laws } from './laws';
import { configFor, type Settings } from './people';
import { type Program, startProgram } from './program';
import { ToyQueue } from './queue';
import { Tables, type Wire } from './tables';
import { type Life, NOBODY, VirtualTime } from './time';

export type LedgerFault = 'away' | 'hang' | 'lost' | 'slow' | 'very slow';

export interface WorldOptions extends Settings {
  readonly instances: 1 | 2;
  /** How unevenly everything takes its time; 0: not at all. */
  readonly jitter: number;
  /** Left out: on maps. */
  readonly database?: Database;
}

const BEGINNING = Date.UTC(2026, 0, 1);

const upstream = { nodes: { '127.0.0.1:1980': 1 }, type: 'roundrobin' };
/** One is off, one has a script in place of plugins, one has a fault of its own that refuses nobody. */
export const routes: Readonly<Record<string, Doc>> = {
  chat: { uri: '/chat', labels: { team: 'agents' }, upstream, plugins: { 'limit-count': { count: 5 } } },
  llm: {
    uri: '/llm',
    upstream,
    plugins: { 'fault-injection': { delay: { duration: 1 } }, 'proxy-rewrite': { uri: '/v1' } },
  },
  script: { uri: '/script', upstream, script: 'return 1' },
  off: { uri: '/off', upstream, status: 0 },
  public: { uri: '/public', upstream },
};
const ownRule: Doc = { plugins: { prometheus: { prefer_name: true } } };

/** One folder for an instance, used by one world after the other: making folders would take most of the time. */
const shelf = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'pullcord-model-'));
const folders = [0, 1].map((instance) => join(shelf, String(instance)));
for (const folder of folders) mkdirSync(join(folder, 'snapshots'), { recursive: true });
export const removeShelf = (): void => rmSync(shelf, { recursive: true, force: true });

function sweep(folder: string): void {
  rmSync(join(folder, 'stops.jsonl'), { force: true });
  for (const file of readdirSync(join(folder, 'snapshots'))) rmSync(join(folder, 'snapshots', file));
}

/** Everything around Pullcord, in time that the test moves; and as many Pullcords as live. */
export class World {
  readonly time = new VirtualTime();
  readonly queue = new ToyQueue(this.time, () => this.latency());
  readonly gateways: readonly ToyApisix[];
  readonly programs: (Program | undefined)[];
  readonly laws: Laws;
  readonly config: Config;
  readonly tables: Database;
  /** How far the clock of the machine stands from the right one. Milliseconds. */
  offset = 0;
  /** Time that passed without anything happening in it. Milliseconds. */
  skipped = 0;
  /** By instance. */
  readonly ledgerFault: (LedgerFault | undefined)[] = [];
  smsAway = false;
  /** Anything was ever out of order. */
  stirred = false;
  private dice: number;
  private id = 0;

  constructor(readonly options: WorldOptions) {
    this.dice = options.jitter;
    this.config = configFor(options);
    this.time.install();
    this.tables = options.database ?? new Tables(() => this.time.now);
    for (const folder of folders) sweep(folder);
    this.laws = new Laws(this);
    const { laws } = this;
    const { time } = this;
    const latency = (): number => this.latency();
    this.gateways = options.nodes.map(
      (nodes, i) =>
        new ToyApisix({
          name: `gw${i}`,
          nodes,
          time,
          latency,
          onSent: laws.releases.sent,
          onLook: laws.releases.looked,
          onChange: laws.mark,
        }),
    );
    for (const gateway of this.gateways) {
      for (const [id, route] of Object.entries(routes)) gateway.put(`routes/${id}`, route);
      gateway.put('global_rules/own', ownRule);
      for (const node of gateway.nodes) node.view = gateway.objects;
      laws.expect(gateway);
    }
    this.programs = Array.from({ length: options.instances }, () => undefined);
  }

  /** The right time, which people's phones show. Epoch, in milliseconds. */
  readonly truth = (): number => BEGINNING + this.time.now + this.skipped;
  readonly now = (): number => this.truth() + this.offset;

  /** Milliseconds until something arrives. A small generator (Numerical Recipes' LCG) keeps sequences repeatable. */
  latency(): number {
    if (this.options.jitter === 0) return 1;
    this.dice = (Math.imul(this.dice, 1_664_525) + 1_013_904_223) >>> 0;
    return 1 + ((this.dice >>> 16) % 8);
  }

  async boot(instance: number): Promise<void> {
    if (this.programs[instance]) return;
    const life: Life = { alive: true };
    const program = startProgram({
      ...{
        life,
        several: this.options.instances > 1,
        config: this.config,
        gateways: this.gateways,
        queue: this.queue,
        now: this.now,
      },
      ...{ database: this.database(life, instance), dataDir: folders[instance] ?? shelf },
      sender: { send: (_to, body) => this.text(life, body) },
      watched: (desk) => this.laws.shoulder.over(life, desk),
      spooled: (stop, knows) => this.laws.spooled(stop, knows),
      randomId: () => `id-${++this.id}`,
    });
    this.programs[instance] = program;
    await this.time.as(life, () => void program.start());
  }

  /** All that the program remembers is gone; what it has sent is on its way. */
  crash(instance: number): void {
    const program = this.programs[instance];
    if (!program) return;
    program.life.alive = false;
    this.programs[instance] = undefined;
    this.stirred = true;
  }

  setClock(offset: number): void {
    this.laws.clockJumps(() => {
      this.offset = offset;
    });
  }

  /** Long enough a time in which nothing happens: for locks to open, and for what was used to grow old. */
  skip(ms: number): void {
    this.laws.clockJumps(() => {
      this.skipped += ms;
    });
  }

  mend(): void {
    for (const gateway of this.gateways) gateway.mend();
    this.laws.mark();
    this.ledgerFault.length = 0;
    this.smsAway = false;
    this.queue.mend();
  }

  close(): void {
    for (const program of this.programs) if (program) program.life.alive = false;
    this.time.uninstall();
  }

  private text(life: Life, body: string): ReturnType<Parameters<typeof startProgram>[0]['sender']['send']> {
    return new Promise((resolve) =>
      this.time.after(
        this.latency(),
        () => {
          if (this.smsAway)
            return resolve({ ok: false, code: 'network', retry: true, recipientOnly: false, advice: 'No way there.' });
          this.laws.told(body);
          return resolve({ ok: true, sid: 'SM' });
        },
        life,
      ),
    );
  }

  /** The ledger's database as one program reaches it. */
  private database(life: Life, instance: number): Database {
    const query = (text: string, params?: unknown[]): Promise<{ rows: unknown[] }> =>
      new Promise((resolve, reject) => {
        const answer = (ms: number, give: () => void): void => void this.time.after(ms, give, life);
        const arrive = async (): Promise<void> => {
          const fault = this.ledgerFault[instance];
          if (fault === 'away') return answer(this.latency(), () => reject(new Error('connection refused')));
          if (fault === 'hang') return;
          try {
            const result = await this.time.wait(this.tables.query(text, params));
            const status = (result.rows[0] as { status?: string } | undefined)?.status;
            if (text.includes('pullcord.commit(') && status === 'committed')
              this.laws.committed(JSON.parse(String(params?.[0])) as Wire);
            if (fault === 'lost') return;
            const late = fault === 'slow' ? 700 : fault === 'very slow' ? 3_000 : 0;
            answer(this.latency() + late, () => {
              if (text.includes('pullcord.state()')) this.laws.releases.answered(life, result.rows[0]);
              resolve(result);
            });
          } catch (error) {
            answer(this.latency(), () => reject(error));
          }
        };
        const before = this.ledgerFault[instance] === 'very slow' ? 2_500 : 0;
        this.time.after(this.latency() + before, arrive, NOBODY);
      });
    return { query };
  }
}
