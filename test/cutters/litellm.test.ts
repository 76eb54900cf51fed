import { Agent } from 'node:http';
import axios from 'axios';
import * as fc from 'fast-check';
import type { Config } from '../../src/config/schema';
import type { Cutter, Report } from '../../src/cutters/cutter';
import { createLiteLLMCutters } from '../../src/cutters/litellm';
import { type SandboxLiteLLM, startSandboxLiteLLM } from '../../src/sandbox/litellm';
import type { SandboxLiteLLMOptions } from '../../src/sandbox/litellm/options';
import { goalOf, notOvertaken } from '../support/goal';
import { ToyMemory } from '../support/memory';

type Entry = Config['cutters']['litellm'][number];

const scopes = ['agent', 'llm', 'other'];
const opened: { close(): Promise<void> }[] = [];
let memory: ToyMemory;
let clock: number;

beforeEach(() => {
  memory = new ToyMemory();
  clock = 0;
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

async function sandbox(options: SandboxLiteLLMOptions = {}): Promise<SandboxLiteLLM> {
  const litellm = await startSandboxLiteLLM({ chunkMs: 1, tokens: 1, ...options });
  opened.push(litellm);
  return litellm;
}

/** A cutter as after a start of the program: all that it knows of earlier is in the memory. */
function cutters(litellm: SandboxLiteLLM, ...entries: Partial<Entry>[]): Cutter[] {
  const made = createLiteLLMCutters({
    config: entries.map((entry) => ({
      ...{ url: litellm.url, adminKey: litellm.masterKey, keys: [], scopes: ['agent'], required: false },
      ...entry,
    })),
    scopes,
    memory,
    monotonic: () => clock,
    timeoutMs: 1_000,
  });
  opened.push(...made);
  return made;
}

function cutter(litellm: SandboxLiteLLM, entry: Partial<Entry>): Cutter {
  const [one] = cutters(litellm, entry);
  if (one === undefined) throw new Error('no cutter was made');
  return one;
}

const sever = (one: Cutter, order = 1): Promise<Report> => one.enforce(goalOf(['agent'], order), notOvertaken());
const restore = (one: Cutter, order = 2): Promise<Report> => one.enforce(goalOf([], order), notOvertaken());
const agentSight = (report: Report) => report.sights.get('agent');

/** Over a connection of its own: each comes to the next worker. */
const ask = (litellm: SandboxLiteLLM, key: string) =>
  axios.post(
    `${litellm.url}/v1/chat/completions`,
    { messages: [] },
    { headers: { authorization: `Bearer ${key}` }, validateStatus: () => true, proxy: false, httpAgent: new Agent() },
  );

const blocks = ({ requests }: SandboxLiteLLM): number =>
  requests.filter((request) => request === 'POST /key/block').length;

describe('a scope with virtual keys', () => {
  it('is cut by blocking them, and them alone, and restored by unblocking them', async () => {
    const litellm = await sandbox();
    const [agent, second, other] = [litellm.addKey('agent'), litellm.addKey('second'), litellm.addKey('other')];
    const one = cutter(litellm, { keys: [agent.key, second.hash.toUpperCase()] });

    const cut = await sever(one);
    expect(Object.fromEntries(cut.sights)).toEqual({ agent: 'refused', llm: 'none', other: 'none' });
    expect(cut).toMatchObject({ missing: [], drift: [], cut: 2 });
    expect(cut.writes).toEqual([agent, second].map(({ hash }) => `POST /key/block key ${hash.slice(0, 8)}`));
    expect((await ask(litellm, agent.key)).data.error.message).toMatch(/Key is blocked/);
    expect((await ask(litellm, second.key)).status).toBe(401);
    expect((await ask(litellm, other.key)).status).toBe(200);

    const back = await restore(one);
    expect(agentSight(back)).toBe('served');
    expect(back).toMatchObject({ missing: [], drift: [], cut: 0 });
    expect((await ask(litellm, agent.key)).status).toBe(200);
    expect((await ask(litellm, second.key)).status).toBe(200);
  });

  it('writes nothing when nothing was ever severed, and never asks for /health', async () => {
    const litellm = await sandbox();
    const one = cutter(litellm, { keys: [litellm.addKey().hash] });
    expect(agentSight(await restore(one))).toBe('served');
    expect(new Set(litellm.requests)).toEqual(new Set(['GET /key/info']));
  });

  it('keeps keys and the admin key out of what it reports', async () => {
    const litellm = await sandbox();
    const { key, hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [key, 'sk-nobody'] });
    const told = JSON.stringify([await sever(one), await restore(one)]);
    for (const secret of [key, hash, 'sk-nobody', litellm.masterKey]) expect(told).not.toContain(secret);
  });
});

describe('a key that somebody else blocked', () => {
  it('stays blocked', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    litellm.setBlocked(hash, true);
    const one = cutter(litellm, { keys: [hash] });
    expect(agentSight(await sever(one))).toBe('refused');
    expect(agentSight(await restore(one))).toBe('served');
    expect(agentSight(await restore(cutter(litellm, { keys: [hash] })))).toBe('served');
    expect(litellm.isBlocked(hash)).toBe(true);
    expect(litellm.requests).not.toContain('POST /key/unblock');
  });

  it('stays blocked in whatever order severs, restores, restarts and administrators come; no other key does', async () => {
    const litellm = await sandbox();
    const step = fc.constantFrom('sever', 'restore', 'restart', 'admin blocks', 'admin unblocks');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { hash } = litellm.addKey();
        let one = cutter(litellm, { keys: [hash] });
        let cut = false;
        let foreign = false;
        for (const what of [...steps, 'restore']) {
          if (what === 'sever' || what === 'restore') cut = what === 'sever';
          if (what === 'restart') one = cutter(litellm, { keys: [hash] });
          if (what === 'admin blocks') {
            foreign ||= !litellm.isBlocked(hash);
            litellm.setBlocked(hash, true);
          }
          if (what === 'admin unblocks') {
            foreign = false;
            litellm.setBlocked(hash, false);
          }
          expect(agentSight(await (cut ? sever : restore)(one))).toBe(cut ? 'refused' : 'served');
          expect(litellm.isBlocked(hash)).toBe(cut || foreign);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('LiteLLM on a bad day', () => {
  it.each<[string, SandboxLiteLLMOptions, Partial<Entry>, RegExp]>([
    ['an admin key that is wrong', {}, { adminKey: 'sk-wrong' }, /refuses the admin key \(401\)/],
    ['an admin key that only reads', {}, { adminKey: 'sk-sandbox-viewer' }, /refuses the admin key \(403\)/],
    ['no database', { database: false }, {}, /no database/],
  ])('%s: says so, and does not say severed', async (_what, options, entry, words) => {
    const litellm = await sandbox(options);
    const { hash } = litellm.addKey();
    const report = await sever(cutter(litellm, { keys: [hash], ...entry }));
    expect(agentSight(report)).toBe('unseen');
    expect(report.missing).toEqual([expect.stringMatching(words)]);
    expect(report).toMatchObject({ cut: 0, writes: [] });
    expect(litellm.isBlocked(hash)).toBe(false);
  });

  it('an unknown key is not taken for a wrong admin key, and holds up no restore', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash, '0'.repeat(64)] });
    const report = await sever(one);
    expect(report.missing).toEqual(['key 00000000 is unknown to LiteLLM: correct cutters.litellm.keys']);
    expect(agentSight(report)).toBe('unseen');
    expect(litellm.isBlocked(hash)).toBe(true);
    expect(agentSight(await restore(one))).toBe('served');
  });

  it('a key that vanishes between look and block is told as such', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    memory.set = async () => litellm.deleteKey(hash);
    expect((await sever(cutter(litellm, { keys: [hash] }))).missing).toEqual([
      expect.stringMatching(/LiteLLM has no such key$/),
    ]);
  });

  it.each(['error-after-commit', 'silence-after-commit'] as const)(
    'believes what it sees, not the answer: block and unblock with %s',
    async (fault) => {
      const litellm = await sandbox();
      const { hash } = litellm.addKey();
      const one = cutter(litellm, { keys: [hash] });
      litellm.fail('/key/block', fault);
      expect(await sever(one)).toMatchObject({ missing: [], writes: [expect.stringContaining('/key/block')] });
      litellm.fail('/key/unblock', fault);
      expect(agentSight(await restore(one))).toBe('served');
      expect(litellm.isBlocked(hash)).toBe(false);
    },
  );

  it.each(['error', 'silence'] as const)('asks again after %s', async (fault) => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash] });
    litellm.fail('/key/block', fault);
    expect(agentSight(await sever(one))).toBe('unseen');
    expect(agentSight(await sever(one))).toBe('refused');
    litellm.fail('/key/unblock', fault);
    expect(agentSight(await restore(one))).toBe('unseen');
    expect(agentSight(await restore(one))).toBe('served');
    expect(litellm.isBlocked(hash)).toBe(false);
  });

  it('what was never LiteLLM is not taken for a key that is served', async () => {
    const litellm = await sandbox();
    const one = cutter(litellm, { url: `${litellm.url}/elsewhere`, keys: ['a'.repeat(64)] });
    expect((await restore(one)).missing).toEqual(['key aaaaaaaa: LiteLLM answered 404']);
  });

  it('blocks what it cannot read now and saw open a look ago, and gives it back', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash] });
    expect(agentSight(await restore(one, 1))).toBe('served');
    litellm.fail('/key/info', 'error');
    expect(agentSight(await sever(one, 2))).toBe('refused');
    expect(agentSight(await restore(one, 3))).toBe('served');
    expect(litellm.isBlocked(hash)).toBe(false);
  });

  it('leaves alone what somebody else blocked before it could not be read', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash] });
    await restore(one, 1);
    litellm.setBlocked(hash, true);
    await restore(one, 1);
    litellm.fail('/key/info', 'error');
    expect(agentSight(await sever(one, 2))).toBe('refused');
    expect((await restore(one, 3)).missing).toEqual([expect.stringMatching(/stays blocked/)]);
    expect(litellm.isBlocked(hash)).toBe(true);
  });

  it('blocks unseen what it never could read, and then leaves it to a person', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash] });
    litellm.fail('/key/info', 'error');
    expect(agentSight(await sever(one))).toBe('refused');
    const back = await restore(one);
    expect(agentSight(back)).toBe('unseen');
    expect(back.missing).toEqual([expect.stringMatching(/stays blocked: it cannot be shown that we blocked it/)]);
    litellm.setBlocked(hash, false);
    expect(agentSight(await restore(one))).toBe('served');
  });

  it('says so when it is not there at all', async () => {
    const litellm = await sandbox();
    const one = cutter(litellm, { keys: [litellm.addKey().hash] });
    await litellm.close();
    const report = await sever(one);
    expect(report.missing).toEqual([expect.stringMatching(/cannot be reached \(ECONNREFUSED\)/)]);
    expect(agentSight(report)).toBe('unseen');
    expect(memory.kept.size).toBe(0);
  });

  it('leaves a block that comes late to a person, rather than passing it by', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash] });
    litellm.fail('/key/block', 'silence');
    await sever(one);
    expect(agentSight(await restore(one))).toBe('served');
    litellm.setBlocked(hash, true);
    expect((await restore(one)).missing).toEqual([expect.stringMatching(/stays blocked/)]);
    litellm.setBlocked(hash, false);
    clock += 120_001;
    await restore(one);
    litellm.setBlocked(hash, true);
    expect(agentSight(await restore(one))).toBe('served');
  });
});

describe('several workers', () => {
  it('are told again for two minutes, because each believes its own cache', async () => {
    const litellm = await sandbox({ workers: 2 });
    const { key, hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash] });
    for (let i = 0; i < 4; i++) expect((await ask(litellm, key)).status).toBe(200);

    await sever(one);
    expect(litellm.isBlocked(hash)).toBe(true);
    const asked = [await ask(litellm, key), await ask(litellm, key)];
    expect(asked.map(({ status }) => status).sort()).toEqual([200, 401]);

    // One look and one block a pass, and an odd number of connections between: both workers are told.
    for (let i = 0; i < 4; i++) {
      await sever(one);
      await ask(litellm, key);
    }
    for (let i = 0; i < 4; i++) expect((await ask(litellm, key)).status).toBe(401);

    clock += 120_001;
    const before = blocks(litellm);
    expect(agentSight(await sever(one))).toBe('refused');
    expect(blocks(litellm)).toBe(before);
  });
});

describe('behind its back', () => {
  it('a key that is unblocked while severed is blocked again, and said to be drift', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash] });
    await sever(one);
    litellm.setBlocked(hash, false);
    expect((await sever(one)).drift).toEqual([`key ${hash.slice(0, 8)} was unblocked behind our back`]);
    expect(litellm.isBlocked(hash)).toBe(true);
    expect((await sever(one)).drift).toEqual([]);
  });
});

describe('leave to release', () => {
  it('is asked before each unblock, and nothing is given back without it', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash] });
    await sever(one);
    const report = await one.enforce(
      goalOf([], 2, async () => false),
      notOvertaken(),
    );
    expect(agentSight(report)).toBe('unseen');
    expect(litellm.isBlocked(hash)).toBe(true);
    expect(litellm.requests).not.toContain('POST /key/unblock');
  });

  it('is worth nothing once a later order has overtaken the pass', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash] });
    await sever(one);
    const overtaken = new AbortController();
    const goal = goalOf([], 2, async () => {
      overtaken.abort();
      return true;
    });
    await one.enforce(goal, overtaken.signal);
    expect(litellm.requests).not.toContain('POST /key/unblock');
    expect(litellm.isBlocked(hash)).toBe(true);
  });

  it('a pass that was overtaken before it began writes nothing', async () => {
    const litellm = await sandbox();
    const one = cutter(litellm, { keys: [litellm.addKey().hash] });
    await one.enforce(goalOf(['agent'], 1), AbortSignal.abort());
    expect(blocks(litellm)).toBe(0);
  });

  it('a call that hangs ends at once when the pass is overtaken', async () => {
    const litellm = await sandbox();
    const one = cutter(litellm, { keys: [litellm.addKey().hash] });
    litellm.fail('/key/info', 'silence', 3);
    const overtaken = new AbortController();
    const began = performance.now();
    setTimeout(() => overtaken.abort(), 10);
    await one.enforce(goalOf(['agent'], 1), overtaken.signal);
    expect(performance.now() - began).toBeLessThan(140);
    expect(blocks(litellm)).toBe(0);
  });
});

describe('its memory', () => {
  it('lets another start restore what an earlier one severed', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    await sever(cutter(litellm, { keys: [hash] }));
    expect(agentSight(await restore(cutter(litellm, { keys: [hash] })))).toBe('served');
    expect(litellm.isBlocked(hash)).toBe(false);
  });

  it('a crash between the block and its confirmation leaves the key blocked, and says so', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const keep = memory.set.bind(memory);
    memory.set = async (name, value) => {
      if (value === 'blocked') throw new Error('killed here');
      await keep(name, value);
    };
    await sever(cutter(litellm, { keys: [hash] }));
    memory.set = keep;

    const after = cutter(litellm, { keys: [hash] });
    expect(agentSight(await sever(after))).toBe('refused');
    const back = await restore(after);
    expect(agentSight(back)).toBe('unseen');
    expect(back.missing).toEqual([expect.stringMatching(/cannot be shown that we blocked it/)]);
    expect(litellm.isBlocked(hash)).toBe(true);
  });

  it('a block that is seen only later is ours all the same, after a restart, too', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash] });
    memory.set = onceBefore(memory.set.bind(memory), () => litellm.fail('/key/info', 'error'));
    litellm.fail('/key/block', 'error-after-commit');
    expect(agentSight(await sever(one))).toBe('unseen');
    expect(agentSight(await sever(one))).toBe('refused');
    expect(agentSight(await restore(cutter(litellm, { keys: [hash] })))).toBe('served');
    expect(litellm.isBlocked(hash)).toBe(false);
  });

  it('a crash while drift is undone does not make the key a stranger', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    await sever(cutter(litellm, { keys: [hash] }));
    litellm.setBlocked(hash, false);
    const keep = memory.set.bind(memory);
    memory.set = async (name, value) => {
      if (value === 'blocked') throw new Error('killed here');
      await keep(name, value);
    };
    expect((await sever(cutter(litellm, { keys: [hash] }))).drift).toHaveLength(1);
    memory.set = keep;
    expect(agentSight(await restore(cutter(litellm, { keys: [hash] })))).toBe('served');
    expect(litellm.isBlocked(hash)).toBe(false);
  });

  it('is not needed to stop; what it missed is kept when it is back', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    const one = cutter(litellm, { keys: [hash] });
    memory.away = true;
    expect(agentSight(await sever(one))).toBe('refused');
    memory.away = false;
    await sever(one);
    expect(agentSight(await restore(cutter(litellm, { keys: [hash] })))).toBe('served');
    expect(litellm.isBlocked(hash)).toBe(false);
  });

  it('is needed to restore: without it, after a restart, nothing is given back', async () => {
    const litellm = await sandbox();
    const { hash } = litellm.addKey();
    await sever(cutter(litellm, { keys: [hash] }));
    const after = cutter(litellm, { keys: [hash] });
    memory.away = true;
    const report = await restore(after);
    expect(report.missing).toEqual([expect.stringMatching(/cannot be read now/)]);
    expect(litellm.isBlocked(hash)).toBe(true);
    memory.away = false;
    expect(agentSight(await restore(after))).toBe('served');
  });
});

describe('a key that two entries name', () => {
  it('stays blocked until the scopes of both are restored', async () => {
    const litellm = await sandbox();
    const [shared, own] = [litellm.addKey(), litellm.addKey()];
    const made = cutters(
      litellm,
      { keys: [shared.hash, own.hash], scopes: ['agent'] },
      { keys: [shared.hash], scopes: ['llm'], required: true },
    );
    const [one] = made;
    if (one === undefined) throw new Error('no cutter was made');
    expect(made).toHaveLength(1);
    expect(one.required).toBe(true);
    await one.enforce(goalOf(['agent', 'llm'], 1), notOvertaken());

    const half = await one.enforce(goalOf(['llm'], 2), notOvertaken());
    expect(Object.fromEntries(half.sights)).toEqual({ agent: 'none', llm: 'refused', other: 'none' });
    expect([litellm.isBlocked(shared.hash), litellm.isBlocked(own.hash)]).toEqual([true, false]);

    const whole = await one.enforce(goalOf([], 3), notOvertaken());
    expect(Object.fromEntries(whole.sights)).toEqual({ agent: 'served', llm: 'served', other: 'none' });
    expect(litellm.isBlocked(shared.hash)).toBe(false);
  });
});

describe('a configuration that cannot work', () => {
  it.each([
    [['sk-a', 'hunter2'], /keys\[1\] is neither/],
    [['sk-sandbox-master'], /admin key cannot be blocked/],
  ])('is refused at the start', async (keys, words) => {
    const litellm = await sandbox();
    expect(() => cutter(litellm, { keys })).toThrow(words);
    expect(() => cutter(litellm, { keys })).not.toThrow('hunter2');
  });
});

/** Does something before the first call. */
function onceBefore<A extends unknown[], R>(call: (...args: A) => R, first: () => void): (...args: A) => R {
  let done = false;
  return (...args) => {
    if (!done) first();
    done = true;
    return call(...args);
  };
}
