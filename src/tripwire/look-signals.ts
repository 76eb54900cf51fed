import type { Budgets } from './budgets';
import type { Detection } from './detection';
import type { Known } from './known';
import { Room } from './room';
import type { Scrape } from './scrape/look';
import type { Signal, Subject } from './signal';
import type { Subjects } from './subjects';

export interface LookSignalsOptions {
  readonly detection: Detection;
  readonly subjects: Subjects;
  readonly known: Known;
  readonly budgets: Budgets;
  /** Something lasts that has to be mended, and is over. Must not throw. */
  readonly trouble: (key: string, text: string) => void;
  readonly cleared: (key: string, text: string) => void;
  /** Milliseconds, on a clock that nobody sets. */
  readonly monotonic: () => number;
}

const FULL = 'tripwire room';
const TOO_MANY =
  'LiteLLM shows more keys and models than the tripwire can hold: some are not watched. Delete keys that are not used, and restart LiteLLM.';

/** Gives what a look shows to the detectors, and to the budgets that LiteLLM knows, in the order that they need. */
export class LookSignals {
  /** Keys that have spent something in the look that is being taken. */
  private readonly spending = new Set<string>();
  private readonly room = new Room();

  constructor(private readonly options: LookSignalsOptions) {}

  /** For the detection: somebody has spent something. */
  onSpent(key: string): void {
    this.spending.add(key);
  }

  /** What is wrong with all of it, and not with how one proxy is seen. */
  trouble(): string | undefined {
    return this.room.isFull ? TOO_MANY : undefined;
  }

  /** What one look at a proxy signals. */
  of(source: string, scrape: Scrape, at: number): readonly Signal[] {
    const { detection, subjects, known } = this.options;
    known.take(scrape);
    this.spending.clear();
    detection.look(source, at, scrape.process);
    const signals = scrape.readings
      .filter(({ key }) => subjects.isWatched(key))
      .flatMap((reading) => [...detection.take(reading)]);
    this.judgeRoom();
    return [...signals, ...this.budgetSignals(scrape, at)];
  }

  private judgeRoom(): void {
    const { detection, trouble, cleared, monotonic } = this.options;
    if (this.room.take(detection.refused, monotonic()) === 'full') trouble(FULL, TOO_MANY);
    else cleared(FULL, 'The tripwire holds every key and model that LiteLLM shows.');
  }

  /** Of those who have spent something now. */
  private budgetSignals({ keys, teams }: Scrape, at: number): readonly Signal[] {
    const { detection, subjects, budgets } = this.options;
    const spenders = [...this.spending];
    const ofTeams = new Set(spenders.flatMap((key) => subjects.teamOf(key) ?? []));
    const budgeted = [
      ...spenders.map((id) => ({ subject: { kind: 'key', id } as Subject, budget: keys.get(id)?.budget })),
      ...[...ofTeams].map((id) => ({ subject: { kind: 'team', id } as Subject, budget: teams.get(id)?.budget })),
    ];
    return budgeted.flatMap(({ subject, budget }) => {
      if (budget?.maxUsd === undefined) return [];
      const { minute, hour } = detection.outlook(subject, at)?.spent ?? {};
      const pace = minute && hour && { lastMinute: minute.usd, lastHour: hour.usd };
      return budgets.take(subject, budget, pace, at) ?? [];
    });
  }
}
