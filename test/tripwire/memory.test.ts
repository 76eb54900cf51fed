import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keeper } from '../../src/tripwire/keeper';
import { type Head, Memory } from '../../src/tripwire/memory';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullcord-memory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, 'tripwire.jsonl');
const head: Head = { savedAt: 1, scopes: { agent: { cut: true, order: 7, incident: 7 } }, episodes: [] };

async function read(): Promise<{ head: Head | undefined; parts: unknown[] }> {
  const parts: unknown[] = [];
  return { head: await new Memory(folder).read((part) => parts.push(part)), parts };
}

describe('the memory', () => {
  it('gives back what it was given, in order, readable by its owner alone', async () => {
    expect(await read()).toEqual({ head: undefined, parts: [] });
    await new Memory(folder).write(head, [{ a: 1 }]);
    const bytes = await new Memory(folder).write({ ...head, savedAt: 2 }, [{ a: 2 }, { b: 'x\ny' }]);
    expect(await read()).toMatchObject({ head: { ...head, savedAt: 2 }, parts: [{ a: 2 }, { b: 'x\ny' }] });
    expect(readdirSync(folder)).toEqual(['tripwire.jsonl']);
    expect(statSync(path())).toMatchObject({ size: bytes });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  it.each(['', '{', '{"version":2}\n', '[]\n', '{"version":1,"savedAt":1,"scopes":{"agent":"x"}}\n'])(
    'says that it cannot read %j, and does not touch it',
    async (text) => {
      writeFileSync(path(), text);
      await expect(read()).rejects.toThrow();
      expect(readFileSync(path(), 'utf8')).toBe(text);
    },
  );

  it('a line that is broken is told', async () => {
    await new Memory(folder).write(head, [{ a: 1 }]);
    writeFileSync(path(), `${readFileSync(path(), 'utf8')}{"half`);
    await expect(read()).rejects.toThrow(SyntaxError);
  });

  it('what a death in the middle of a save left behind is in nobody’s way', async () => {
    await new Memory(folder).write(head, []);
    writeFileSync(`${path()}.new`, '{"half');
    await new Memory(folder).write({ ...head, savedAt: 3 }, []);
    expect((await read()).head).toMatchObject({ savedAt: 3 });
  });

  it('what fails in the middle of a save leaves the old one', async () => {
    await new Memory(folder).write(head, [{ a: 1 }]);
    function* broken(): Generator<unknown> {
      yield { a: 2 };
      throw new Error('a detector failed');
    }
    await expect(new Memory(folder).write(head, broken())).rejects.toThrow('a detector failed');
    expect((await read()).parts).toEqual([{ a: 1 }]);
  });

  it('lets the program do something else while it saves a great deal', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    function* many(): Generator<unknown> {
      for (let i = 0; i < 3_000; i += 1) yield { state: 'x'.repeat(20_000) };
    }
    const bytes = await new Memory(folder).write(head, many());
    clearInterval(timer);
    expect(bytes).toBeGreaterThan(60_000_000);
    expect(turns).toBeGreaterThan(3);
    let parts = 0;
    await new Memory(folder).read(() => {
      parts += 1;
    });
    expect(parts).toBe(3_000);
  });
});

describe('the keeper', () => {
  function setUp(write: () => Promise<number>) {
    const clock = { now: 1_000 };
    const troubles: unknown[] = [];
    let saves = 0;
    const keeper = new Keeper({
      write: () => write().finally(() => (clock.now += took.ms)),
      onTrouble: (error) => void troubles.push(error),
      onSaved: () => {
        saves += 1;
      },
      monotonic: () => clock.now,
    });
    const took = { ms: 0 };
    return { keeper, clock, took, troubles, saved: () => saves };
  }

  it('saves once a minute, one save at a time, and once more at the end', async () => {
    const { keeper, clock, saved } = setUp(async () => 100);
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
  });

  it.each([
    ['takes long', 1_000, 100, 100],
    ['is large', 0, 50_000_000, 1_000],
  ])('what %s is saved the more rarely', async (_what, ms, bytes, seconds) => {
    const { keeper, clock, took, saved } = setUp(async () => bytes);
    took.ms = ms;
    await keeper.save();
    clock.now += seconds * 1000 - 1;
    keeper.saveIfDue();
    await Promise.resolve();
    expect(saved()).toBe(1);
    clock.now += 1;
    keeper.saveIfDue();
    await keeper.save();
    expect(saved()).toBe(2);
  });

  it('the end of the program waits for no save that takes long', async () => {
    const { keeper, saved } = setUp(async () => 65_000_000);
    await keeper.save();
    await keeper.close();
    expect(saved()).toBe(1);
  });

  it('a disk that refuses is trouble, and nothing is thrown', async () => {
    const { keeper, troubles, saved } = setUp(() => new Memory(join(folder, 'gone')).write(head, []));
    await keeper.close();
    expect(troubles).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
    expect(saved()).toBe(0);
  });
});
