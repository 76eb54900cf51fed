import { type DrillState, drillPart } from '../../../src/supervision/drill/part';
import type { DrillReport } from '../../../src/supervision/drill/report';

const DAY_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;
/** A Monday. */
const DUE = Date.parse('2026-01-05T09:00:00Z');
const weekly = { cron: '0 9 * * 1', timeZone: 'UTC' };

const drill = (startedAt: number, more: Partial<DrillReport> = {}): DrillReport => ({
  ...{ id: String(startedAt), state: 'passed', by: 'schedule', startedAt, endedAt: startedAt, ms: 3_100, steps: [] },
  ...{ text: 'Drill passed.', ...more },
});
const state = (more: Partial<DrillState>): DrillState => ({
  ...{ recent: [], schedule: weekly, overdueDays: 35, queueAnswers: true, since: 0, ...more },
});
const unscheduled = { schedule: undefined };
const failed = { state: 'failed', text: 'Drill FAILED at twilio: Twilio refuses.' } as const;
const brokenOff = { ...failed, brokenOff: 'order 3 came.', text: 'Drill broken off: order 3 came.' };
const skipped = { state: 'skipped', text: 'Drill skipped: agent is severed.' } as const;

it.each<[string, Partial<DrillState>, number, object]>([
  [
    'nothing is known yet',
    { recent: undefined },
    DUE,
    { signal: 'supervisory', detail: expect.any(String), quiet: true },
  ],
  [
    'there never was one',
    { ...unscheduled },
    DUE,
    {
      signal: 'supervisory',
      detail: 'the way was never rehearsed',
      todo: 'Run pullcord drill. Then set drills.schedule.',
      quiet: true,
    },
  ],
  [
    'there never was one, and the first is to come',
    { since: DUE - DAY_MS },
    DUE - HOUR_MS,
    {
      signal: 'supervisory',
      detail: 'the way was never rehearsed; the next is due on 2026-01-05 09:00 UTC',
      todo: 'Run pullcord drill.',
      quiet: true,
    },
  ],
  [
    'the last one passed',
    { recent: [drill(DUE)] },
    DUE + HOUR_MS,
    {
      signal: 'normal',
      detail: 'passed on 2026-01-05 09:00 UTC in 3.1 s; the next is due on 2026-01-12 09:00 UTC',
    },
  ],
  [
    'the last one failed, whatever passed before',
    { recent: [drill(DUE, failed), drill(DUE - DAY_MS)] },
    DUE + HOUR_MS,
    { signal: 'trouble', detail: failed.text, todo: expect.any(String), quiet: true },
  ],
  [
    'one passed after one that failed',
    { recent: [drill(DUE + DAY_MS), drill(DUE, failed)] },
    DUE + 2 * DAY_MS,
    { signal: 'normal', detail: expect.stringMatching(/^passed on 2026-01-06/) },
  ],
  [
    'one is under way after one that failed',
    { recent: [drill(DUE + DAY_MS, { state: 'running' }), drill(DUE, failed)] },
    DUE + DAY_MS,
    { signal: 'trouble', detail: failed.text, todo: expect.any(String), quiet: true },
  ],
  [
    'the last one is too old',
    { ...unscheduled, recent: [drill(DUE)] },
    DUE + 35 * DAY_MS,
    {
      signal: 'supervisory',
      detail: 'the last drill was 35 days ago',
      todo: expect.stringContaining('drills.schedule'),
    },
  ],
  [
    'the last one is nearly too old',
    { ...unscheduled, recent: [drill(DUE)] },
    DUE + 35 * DAY_MS - 1,
    { signal: 'normal', detail: expect.any(String) },
  ],
  [
    'broken off ones since then show nothing',
    { ...unscheduled, recent: [drill(DUE + 34 * DAY_MS, brokenOff), drill(DUE)] },
    DUE + 40 * DAY_MS,
    { signal: 'supervisory', detail: 'the last drill was 40 days ago', todo: expect.any(String) },
  ],
  [
    'one is due, and waits',
    { recent: [drill(DUE - 7 * DAY_MS)] },
    DUE + 3 * HOUR_MS - 1,
    { signal: 'normal', detail: expect.any(String) },
  ],
  [
    'one was due, and was not made, for the queue is away',
    { recent: [drill(DUE - 7 * DAY_MS)], queueAnswers: false },
    DUE + 3 * HOUR_MS,
    {
      signal: 'supervisory',
      detail: 'the drill of 2026-01-05 09:00 UTC was not made: the queue does not answer',
      todo: expect.stringMatching(/^Bring the queue back/),
    },
  ],
  [
    'one was due, and was skipped',
    { recent: [drill(DUE + 2 * HOUR_MS, skipped), drill(DUE - 7 * DAY_MS)] },
    DUE + 3 * HOUR_MS,
    {
      signal: 'supervisory',
      detail: `the drill of 2026-01-05 09:00 UTC was not made: ${skipped.text}`,
      todo: 'Run pullcord drill.',
    },
  ],
  [
    'one was due, and was broken off',
    { recent: [drill(DUE, brokenOff), drill(DUE - 7 * DAY_MS)] },
    DUE + 3 * HOUR_MS,
    {
      signal: 'supervisory',
      detail: `the drill of 2026-01-05 09:00 UTC was not made: ${brokenOff.text}`,
      todo: 'Run pullcord drill.',
    },
  ],
  [
    'a person made up for one that was not made',
    { recent: [drill(DUE + DAY_MS, { by: 'token:n8n' }), drill(DUE - 7 * DAY_MS)] },
    DUE + 2 * DAY_MS,
    { signal: 'normal', detail: expect.any(String) },
  ],
  [
    'the schedule is newer than its last time',
    { recent: [drill(DUE - 6 * DAY_MS, { by: 'token:n8n' })], since: DUE + DAY_MS },
    DUE + DAY_MS,
    { signal: 'normal', detail: expect.any(String) },
  ],
  [
    'the schedule is newer than its last time, and there never was one',
    { since: DUE + DAY_MS },
    DUE + DAY_MS,
    {
      signal: 'supervisory',
      detail: expect.stringMatching(/^the way was never rehearsed/),
      quiet: true,
      todo: expect.any(String),
    },
  ],
  [
    'two times were missed while nobody looked',
    { recent: [drill(DUE - 8 * DAY_MS)], since: DUE + DAY_MS },
    DUE + DAY_MS,
    { signal: 'supervisory', detail: 'the drill of 2026-01-05 09:00 UTC was not made', todo: expect.any(String) },
  ],
])('when %s', (_when, more, now, condition) => expect(drillPart(state(more), now)).toEqual(condition));
