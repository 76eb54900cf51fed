import { reasonOf, secondsOf } from '../../n8n-nodes/nodes/Pullcord/parameters';
import { untilSettled } from '../../n8n-nodes/nodes/Pullcord/waiting';
import type { Answer } from '../../n8n-nodes/nodes/shared/transport';
import { executing } from '../support/n8n/runs';

const answer = (state: string): Answer => ({ ok: true, body: { number: 7, state } });
const failed: Answer = { ok: false, failure: { message: 'm', description: 'd', reason: 'unreachable' } };

async function waited(seconds: number, answers: readonly Answer[]) {
  const asked: number[] = [];
  const last = await untilSettled({
    seconds,
    ask: async (wait) => {
      asked.push(wait);
      return answers[Math.min(asked.length, answers.length) - 1] ?? failed;
    },
    isSettled: ({ state }) => state === 'severed',
  });
  return { asked, last };
}

it.each<[number, readonly Answer[], readonly number[]]>([
  [0, [answer('severing')], [0]],
  [5, [answer('severed')], [5]],
  [5, [answer('severing')], [5]],
  [60, [answer('severed')], [30]],
  [60, [answer('severing')], [30, 30]],
  [61, [answer('severing')], [30, 30, 1]],
  [300, [answer('severing'), answer('severing'), answer('severed')], [30, 30, 30]],
  [3600, [answer('severing')], Array(120).fill(30)],
])('%d s, in rounds that Pullcord waits, and never more of them', async (seconds, answers, rounds) => {
  const { asked, last } = await waited(seconds, answers);
  expect(asked).toEqual(rounds);
  expect(last).toEqual(answers.at(-1));
});

it('ends at the first failure, and knows what was known before', async () => {
  expect(await waited(60, [failed])).toEqual({ asked: [30], last: failed });
  const { asked, last } = await waited(90, [answer('severing'), failed]);
  expect(asked).toEqual([30, 30]);
  expect(last).toMatchObject({
    ok: false,
    failure: { reason: 'unreachable', facts: { number: 7, state: 'severing' } },
  });
});

const reading = (parameters: Record<string, unknown>) =>
  executing({ credential: { baseUrl: '', token: '' }, items: [parameters] }).context;

it.each([
  [undefined, 60],
  [5, 5],
  ['7', 7],
  [0.2, 1],
  [-4, 0],
  [99_999, 3600],
  ['soon', 60],
  [Number.NaN, 60],
  [Number.POSITIVE_INFINITY, 60],
])('a timeout of %j is %d s', (timeout, seconds) => {
  expect(secondsOf(reading({ timeout }), 'timeout', 0, 60)).toBe(seconds);
});

it.each([
  [undefined, ''],
  [null, ''],
  ['', ''],
  ['  a  ', 'a'],
  ['a\r\nb\tc\u0085d', 'a b c d'],
  [12, '12'],
  ['x'.repeat(300), 'x'.repeat(200)],
  [`${'x'.repeat(199)}\u{1f6a8}`, 'x'.repeat(199)],
  ['lone \ud83d half', 'lone half'],
])('a reason of %j is one line that Pullcord takes', (reason, line) => {
  expect(reasonOf(reading({ reason }), 0)).toBe(line);
});
