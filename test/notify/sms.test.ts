import type { Notice, NoticeKind } from '../../src/notify/channel';
import { createSms } from '../../src/notify/sms';

const ALICE = '+15550100001';
const BOB = '+15550100002';
const HOUR_MS = 3_600_000;

type Answer = { ok: true } | { ok: false; retry: boolean } | Error;

function phones(answers: Record<string, Answer> = {}) {
  const texts: { to: string; body: string }[] = [];
  const clock = { now: 1_000_000 };
  const operators = [{ phones: [ALICE, '+15550100009'] }, { phones: [BOB] }, { phones: [] }];
  const channel = createSms({
    sender: {
      send: async (to, body) => {
        texts.push({ to, body });
        const answer = answers[to] ?? { ok: true };
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    operators: { all: () => operators },
    now: () => clock.now,
  });
  return { channel, texts, clock, operators, answers };
}

const alarm = (text = 'the ledger does not answer'): Notice => ({ kind: 'alarm', text, at: 0 });

it('texts every operator, at the first number', async () => {
  const { channel, texts } = phones();
  expect(await channel.tell(alarm())).toBe('told');
  const body = 'Pullcord: the ledger does not answer';
  expect(texts).toEqual([ALICE, BOB].map((to) => ({ to, body })));
});

it.each<[NoticeKind, number]>([
  ['trouble', 2],
  ['alarm', 2],
  ['cleared', 2],
  ['severing', 0],
  ['severed', 0],
  ['restoring', 0],
  ['restored', 0],
  ['refused', 0],
  ['tripped', 2],
  ['trip-settled', 2],
  ['would-trip', 2],
  ['warned', 2],
])('a notice of kind %s makes %d texts', async (kind, count) => {
  const { channel, texts } = phones();
  expect(await channel.tell({ ...alarm(), kind })).toBe('told');
  expect(texts).toHaveLength(count);
});

it.each<[NonNullable<Notice['drill']>, number]>([
  [{ state: 'passed' }, 0],
  [{ state: 'failed' }, 2],
  [{ state: 'failed', brokenOff: 'order 3 came' }, 0],
])('a drill %j makes %d texts', async (drill, count) => {
  const { channel, texts } = phones();
  expect(await channel.tell({ ...alarm(), kind: 'drill', drill })).toBe('told');
  expect(texts).toHaveLength(count);
});

it.each<[NonNullable<Notice['fallback']>['state'], NonNullable<Notice['fallback']>['before'], number]>([
  ['asked', 'primary', 2],
  ['fallback', 'asked', 2],
  ['fallback', 'fallback', 2],
  ['primary', 'fallback', 2],
  ['primary', 'asked', 2],
  ['primary', 'primary', 0],
  ['primary', 'forbidden', 0],
])('a fallback that is %s after %s makes %d texts', async (state, before = 'primary', count) => {
  const { channel, texts } = phones();
  const fallback = { name: 'fallback', state, before, order: 1, by: 'watcher', why: 'why' };
  expect(await channel.tell({ ...alarm(), kind: 'fallback', fallback })).toBe('told');
  expect(texts).toHaveLength(count);
});

it('sends at most five to a number within an hour, and goes on after it', async () => {
  const { channel, texts, clock } = phones();
  for (let i = 0; i < 5; i++) expect(await channel.tell(alarm(`number ${i}`))).toBe('told');
  expect(await channel.tell(alarm('one too many'))).toBe('failed');
  expect(texts).toHaveLength(10);
  clock.now += HOUR_MS;
  expect(await channel.tell(alarm('an hour later'))).toBe('told');
  expect(texts).toHaveLength(12);
});

it('a trip and its result are held back by no limit; a warning is', async () => {
  const { channel, texts } = phones();
  for (let i = 0; i < 5; i++) await channel.tell(alarm(`number ${i}`));
  for (const kind of ['would-trip', 'warned'] as const) expect(await channel.tell({ ...alarm(), kind })).toBe('failed');
  for (let i = 0; i < 20; i++)
    for (const kind of ['tripped', 'trip-settled'] as const)
      expect(await channel.tell({ ...alarm(), kind })).toBe('told');
  expect(texts).toHaveLength(10 + 2 * 40);
});

it('texts what a notice has for phones, as it is', async () => {
  const { channel, texts } = phones();
  await channel.tell({ kind: 'tripped', text: 'a long explanation', sms: 'TRIPPED: cuts agent.', at: 0 });
  expect(texts.map(({ body }) => body)).toEqual(['TRIPPED: cuts agent.', 'TRIPPED: cuts agent.']);
});

it('tries again only those who were not told, and counts a text once', async () => {
  const { channel, texts, answers } = phones({ [BOB]: { ok: false, retry: true } });
  const notice = alarm();
  for (let i = 0; i < 7; i++) expect(await channel.tell(notice)).toBe('retry');
  answers[BOB] = { ok: true };
  expect(await channel.tell(notice)).toBe('told');
  expect(texts.filter(({ to }) => to === ALICE)).toHaveLength(1);
  expect(texts.filter(({ to }) => to === BOB)).toHaveLength(8);
  for (let i = 0; i < 4; i++) expect(await channel.tell(alarm(`${i}`))).toBe('told');
  expect(await channel.tell(alarm())).toBe('failed');
});

it('has failed when nobody could be told, not when one could', async () => {
  const { channel, answers } = phones({ [ALICE]: { ok: false, retry: false } });
  expect(await channel.tell(alarm())).toBe('told');
  answers[BOB] = { ok: false, retry: false };
  expect(await channel.tell(alarm())).toBe('failed');
});

it('takes a sender that throws for one that may work later', async () => {
  expect(await phones({ [ALICE]: new Error('no way out') }).channel.tell(alarm())).toBe('retry');
});

it('has failed when there is no operator to text', async () => {
  const { channel, operators, texts } = phones();
  operators.length = 0;
  expect(await channel.tell(alarm())).toBe('failed');
  expect(texts).toEqual([]);
});

it('sends one segment: one line, ASCII that is in the basic GSM table, at most 160', async () => {
  const { channel, texts } = phones();
  await channel.tell(alarm(`a\nb — {c} [d] ~ ^ | \\ \` ${'x'.repeat(300)}`));
  for (const { body } of texts) {
    expect(body).toHaveLength(160);
    expect(body).toMatch(/^[ -Z_a-z]+$/);
    expect(body).toMatch(/^Pullcord: a b \? \?c\? /);
  }
});
