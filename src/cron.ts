import { type CronExpression, CronExpressionParser } from 'cron-parser';

/**
 * When something is due. Read by the parser that BullMQ reads it with, so that both mean the same times.
 */
export interface Schedule {
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  readonly cron: string;
  /** As the IANA names it. */
  readonly timeZone: string;
}

/** @throws Error for what is no schedule */
function at({ cron, timeZone }: Schedule, now: number): CronExpression {
  return CronExpressionParser.parse(cron, { tz: timeZone, currentDate: new Date(now) });
}

/** The first time after `now`. Epochs, in milliseconds. */
export const nextDue = (schedule: Schedule, now: number): number => at(schedule, now).next().getTime();

/** The last time that is not after `now`. Epochs, in milliseconds. */
export const lastDue = (schedule: Schedule, now: number): number =>
  at(schedule, now + 1)
    .prev()
    .getTime();

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with an expression, in words; undefined for one that comes up, and not more than once an hour. Pure. */
export function cronFault(cron: string): string | undefined {
  if (cron.trim().split(/\s+/).length !== 5) return 'write five fields: minute hour day-of-month month day-of-week';
  try {
    const expression = at({ cron, timeZone: 'UTC' }, 0);
    expression.next();
    return expression.fields.minute.values.length > 1 ? 'more often than once an hour is too often' : undefined;
  } catch (error) {
    return `is no cron expression that ever comes up: ${error instanceof Error ? error.message : String(error)}`;
  }
}
