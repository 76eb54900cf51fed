import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keeper } from '../../src/tripwire/keeper';
import { type Learnt, Memory } from '../../src/tripwire/memory';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullcord-memory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const learnt: Learnt = {
  savedAt: 1,
  detection: { levels: [1, 2] },
  scopes: { agent: { cut: true, order: 7, incident: 7 } },
  episodes: [],
};

describe('the memory', () => {
  it('gives back what it was given, readable by its owner alone', async () => {
    expect(await new Memory(folder).read()).toBeUndefined();
    await new Memory(folder).write(learnt);
    await new Memory(folder).write({ ...learnt, savedAt: 2 });
    expect(await new Memory(folder).read()).toEqual({ ...learnt, savedAt: 2 });
    expect(readdirSync(folder)).toEqual(['tripwire.json']);
    expect(statSync(join(folder, 'tripwire.json')).mode & 0o777).toBe(0o600);
  });

  it.each(['', '{', '{"version":2}', '[]', '{"version":1,"savedAt":1,"scopes":{"agent":"x"}}'])(
    'says that it cannot read %j, and does not touch it',
    async (text) => {
      writeFileSync(join(folder, 'tripwire.json'), text);
      await expect(new Memory(folder).read()).rejects.toThrow();
      expect(readFileSync(join(folder, 'tripwire.json'), 'utf8')).toBe(text);
    },
  );

  it('what a death in the middle of a save left behind is in nobody’s way', async () => {
    await new Memory(folder).write(learnt);
    writeFileSync(join(folder, 'tripwire.json.new'), '{"half');
    await new Memory(folder).write({ ...learnt, savedAt: 3 });
    expect(await new Memory(folder).read()).toMatchObject({ savedAt: 3 });
  });
});

describe('the keeper', () => {
  function setUp(dir = folder) {
    const clock = { now: 1_000 };
    const troubles: unknown[] = [];
    let saves = 0;
    const keeper = new Keeper({
      memory: new Memory(dir),
      learnt: () => ({ detection: clock.now, scopes: {}, episodes: [] }),
      onTrouble: (error) => void troubles.push(error),
      onSaved: () => {
        saves += 1;
      },
      now: () => clock.now,
      monotonic: () => clock.now,
    });
    return { keeper, clock, troubles, saved: () => saves };
  }

  it('saves once a minute, and once more at the end', async () => {
    const { keeper, clock, saved } = setUp();
    keeper.saveIfDue();
    expect(saved()).toBe(0);
    clock.now += 60_000;
    keeper.saveIfDue();
    keeper.saveIfDue();
    await keeper.save();
    expect(saved()).toBe(1);
    clock.now += 59_000;
    keeper.saveIfDue();
    await keeper.close();
    expect(saved()).toBe(2);
    expect(await new Memory(folder).read()).toMatchObject({ detection: clock.now });
  });

  it('a disk that refuses is trouble, and nothing is thrown', async () => {
    const { keeper, troubles, saved } = setUp(join(folder, 'gone'));
    await keeper.close();
    expect(troubles).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
    expect(saved()).toBe(0);
  });
});
