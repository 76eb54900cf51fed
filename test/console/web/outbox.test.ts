import { createOutbox, type Shelf } from '../../../src/console/web/stops/outbox';
import { type Answer, ASK_AFTER_MS, retryMs, type Stop } from '../../../src/console/web/stops/stop';

const MINUTE = 60_000;
const START = 1_800_000_000_000;

const stands = (state: 'severing' | 'severed' | 'overtaken', order = 7, missing: string[] = []): Answer => ({
  ...{ kind: 'stands', order, state, missing, ms: 120 },
});
const silent: Answer = { kind: 'silent', why: 'Pullcord cannot be reached.' };
const refused = (status: number): Answer => ({ kind: 'refused', status, why: `answered ${status}` });

class MemoryShelf implements Shelf {
  readonly kept = new Map<string, string>();
  get length() {
    return this.kept.size;
  }
  key = (index: number) => [...this.kept.keys()][index] ?? null;
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

/** A browser of which time, network and storage are in our hands. */
class Browser {
  now = START;
  shelf: Shelf = new MemoryShelf();
  readonly sent: Stop[] = [];
  /** Whether it was kept at the moment when it was sent. */
  readonly keptWhenSent: boolean[] = [];
  readonly asked: number[] = [];
  /** What the network answers next; the last one goes on. */
  answers: Answer[] = [silent];
  follows: Answer[] = [stands('severed')];
  /** Set: nothing is answered until it is called. */
  private waiting: (() => void)[] = [];
  holds = false;
  private timers: { at: number; run: () => void }[] = [];
  private keys = 0;

  open() {
    this.timers = [];
    const answer = async (answers: Answer[]): Promise<Answer> => {
      if (this.holds) await new Promise<void>((resolve) => this.waiting.push(resolve));
      return (answers.length > 1 ? answers.shift() : answers[0]) ?? silent;
    };
    return createOutbox({
      shelf: this.shelf,
      send: (stop) => {
        this.sent.push(stop);
        this.keptWhenSent.push(this.shelf.getItem(`pullcord.stop.${stop.key}`) !== null);
        return answer(this.answers);
      },
      follow: (order) => {
        this.asked.push(order);
        return answer(this.follows);
      },
      newKey: () => `key-${++this.keys}`,
      now: () => this.now,
      later: (ms, run) => {
        const timer = { at: this.now + ms, run };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((one) => one !== timer);
        };
      },
    });
  }

  release() {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Lets time go by, timer by timer, and what was asked be answered. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.timers.sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.timers = this.timers.filter((one) => one !== next);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }
}

let browser: Browser;
beforeEach(() => {
  browser = new Browser();
});
const phases = (box: ReturnType<Browser['open']>) => box.all().map(({ phase }) => phase);

describe('the outbox of stops', () => {
  it('keeps a stop before it sends it, and calls it accepted, then severed, only once that was answered', async () => {
    browser.answers = [stands('severing', 7, ['main'])];
    browser.follows = [stands('severing', 7, ['main']), stands('severed')];
    const box = browser.open();
    browser.holds = true;
    box.order('agent');
    expect([...(browser.shelf as MemoryShelf).kept.keys()]).toEqual(['pullcord.stop.key-1']);
    await browser.pass(5_000);
    expect(phases(box)).toEqual(['sending']);
    expect(browser.keptWhenSent).toEqual([true]);
    browser.holds = false;
    browser.release();
    await browser.pass(0);
    expect(box.all()).toMatchObject([{ phase: 'accepted', order: 7, missing: ['main'] }]);
    await browser.pass(1_000);
    expect(phases(box)).toEqual(['accepted']);
    await browser.pass(1_000);
    expect(box.all()).toMatchObject([{ phase: 'severed', order: 7, ms: 120 }]);
    expect((browser.shelf as MemoryShelf).kept.size).toBe(0);
    expect(browser.sent).toHaveLength(1);
  });

  it('sends it again and again under the same key, ever more rarely, and never gives up', async () => {
    const box = browser.open();
    box.order('agent');
    await browser.pass(9 * MINUTE);
    expect(phases(box)).toEqual(['queued']);
    expect(new Set(browser.sent.map(({ key }) => key))).toEqual(new Set(['key-1']));
    expect([1, 2, 3, 6, 7, 500].map(retryMs)).toEqual([500, 1_000, 2_000, 15_000, 15_000, 15_000]);
    // 500 ms doubling up to 15 s: five steps, then one in 15 s.
    expect(browser.sent.length).toBeGreaterThan(35);
    expect(browser.sent.length).toBeLessThan(45);
  });

  it.each([408, 425, 429, 500, 502, 503])('goes on after %d', async (status) => {
    browser.answers = [refused(status), stands('severed')];
    const box = browser.open();
    box.order('agent');
    await browser.pass(0);
    expect(box.all()).toMatchObject([{ phase: 'queued', why: `answered ${status}` }]);
    await browser.pass(500);
    expect(phases(box)).toEqual(['severed']);
  });

  it.each([400, 403, 404, 409, 422])('ends with %d, says why, and is not sent again', async (status) => {
    browser.answers = [refused(status)];
    const box = browser.open();
    box.order('agent');
    await browser.pass(MINUTE);
    expect(box.all()).toMatchObject([{ phase: 'refused', why: `answered ${status}` }]);
    expect(browser.sent).toHaveLength(1);
    expect(phases(browser.open())).toEqual([]);
  });

  it('waits for a session after 401, over a reload too, and then goes at once', async () => {
    browser.answers = [refused(401), stands('severed')];
    browser.open().order('agent');
    await browser.pass(MINUTE);
    const reopened = browser.open();
    await browser.pass(MINUTE);
    expect(phases(reopened)).toEqual(['sign-in']);
    expect(browser.sent).toHaveLength(1);
    reopened.wake('network');
    await browser.pass(MINUTE);
    expect(browser.sent).toHaveLength(1);
    reopened.wake('session');
    await browser.pass(0);
    expect(phases(reopened)).toEqual(['severed']);
    expect(browser.sent.map(({ key }) => key)).toEqual(['key-1', 'key-1']);
  });

  it('takes what was on its way when the page went away as not confirmed', async () => {
    browser.holds = true;
    browser.open().order('agent');
    await browser.pass(0);
    browser.holds = false;
    browser.answers = [stands('severed')];
    const reopened = browser.open();
    expect(phases(reopened)).toEqual(['sending']);
    await browser.pass(0);
    expect(phases(reopened)).toEqual(['severed']);
    expect(browser.sent.map(({ key }) => key)).toEqual(['key-1', 'key-1']);
  });

  it('goes at once when the network is back', async () => {
    const box = browser.open();
    box.order('agent');
    await browser.pass(MINUTE);
    const before = browser.sent.length;
    browser.answers = [stands('severed')];
    box.wake('network');
    await browser.pass(0);
    expect(browser.sent).toHaveLength(before + 1);
    expect(phases(box)).toEqual(['severed']);
  });

  it('asks before it sends an old one, and sends it only when told to', async () => {
    browser.open().order('agent');
    await browser.pass(1_000);
    browser.now += ASK_AFTER_MS;
    const before = browser.sent.length;
    const box = browser.open();
    await browser.pass(60 * MINUTE);
    box.wake('network');
    box.wake('session');
    await browser.pass(60 * MINUTE);
    expect(phases(box)).toEqual(['ask']);
    expect(browser.sent).toHaveLength(before);
    browser.answers = [stands('severed')];
    box.confirm('key-1');
    await browser.pass(0);
    expect(phases(box)).toEqual(['severed']);
    expect(browser.sent.at(-1)?.key).toBe('key-1');
  });

  it('asks as well when a session comes too late', async () => {
    browser.answers = [refused(401)];
    const box = browser.open();
    box.order('agent');
    await browser.pass(ASK_AFTER_MS + 1_000);
    box.wake('session');
    await browser.pass(0);
    expect(phases(box)).toEqual(['ask']);
    expect(browser.sent).toHaveLength(1);
  });

  it('goes on to follow an accepted one after a reload, and when it cannot be asked after', async () => {
    browser.answers = [stands('severing')];
    browser.follows = [silent];
    browser.open().order('agent');
    await browser.pass(10_000);
    browser.follows = [refused(401), silent, stands('severed')];
    const box = browser.open();
    expect(phases(box)).toEqual(['accepted']);
    await browser.pass(6_000);
    expect(phases(box)).toEqual(['accepted']);
    await browser.pass(10_000);
    expect(phases(box)).toEqual(['severed']);
    expect(browser.sent).toHaveLength(1);
  });

  it('asks after an order without a number by sending it again under its key', async () => {
    browser.answers = [stands('severing', 0), stands('severing', 0), stands('severed', 9)];
    const box = browser.open();
    box.order('agent');
    await browser.pass(5_000);
    expect(box.all()).toMatchObject([{ phase: 'severed', order: 9 }]);
    expect(browser.asked).toEqual([]);
    expect(new Set(browser.sent.map(({ key }) => key)).size).toBe(1);
  });

  it('says when a later order came', async () => {
    browser.answers = [stands('overtaken')];
    const box = browser.open();
    box.order('agent');
    await browser.pass(0);
    expect(phases(box)).toEqual(['overtaken']);
  });

  it('takes back nothing that is on its way', async () => {
    browser.holds = true;
    const box = browser.open();
    box.order('agent');
    await browser.pass(0);
    box.dismiss('key-1');
    expect(phases(box)).toEqual(['sending']);
    browser.holds = false;
    browser.release();
    await browser.pass(0);
    expect(phases(box)).toEqual(['queued']);
    box.dismiss('key-1');
    const before = browser.sent.length;
    await browser.pass(MINUTE);
    expect(phases(box)).toEqual([]);
    expect(browser.sent).toHaveLength(before);
    expect((browser.shelf as MemoryShelf).kept.size).toBe(0);
  });

  it('gives each press a key of its own', async () => {
    browser.answers = [stands('severed')];
    const box = browser.open();
    box.order('agent');
    box.order('agent');
    await browser.pass(0);
    expect(browser.sent.map(({ key }) => key)).toEqual(['key-1', 'key-2']);
  });

  it('sends without a shelf, and leaves alone what is not a stop', async () => {
    const shelf = browser.shelf as MemoryShelf;
    for (const text of ['{', '{}', '{"key":"other","scope":"agent","phase":"queued","at":1,"tries":0,"nextAt":0}'])
      shelf.setItem(`pullcord.stop.bad-${text.length}`, text);
    shelf.setItem('elses', 'x');
    expect(phases(browser.open())).toEqual([]);
    expect(shelf.kept.size).toBe(4);
    shelf.setItem = () => {
      throw new Error('QuotaExceededError');
    };
    browser.answers = [stands('severed')];
    const box = browser.open();
    box.order('agent');
    await browser.pass(0);
    expect(phases(box)).toEqual(['severed']);
  });

  it('tells whoever shows it of each change, until that one leaves', async () => {
    browser.answers = [stands('severed')];
    const box = browser.open();
    const seen: string[] = [];
    const leave = box.subscribe(() => seen.push(phases(box).join()));
    box.order('agent');
    await browser.pass(0);
    expect(seen).toEqual(['queued', 'sending', 'severed']);
    leave();
    box.order('agent');
    await browser.pass(0);
    expect(seen).toHaveLength(3);
  });
});
