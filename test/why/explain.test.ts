import * as fc from 'fast-check';
import { explain } from '../../src/why/explain';
import { type Finding, layers } from '../../src/why/finding';
import { subjectKinds } from '../../src/why/subject';

const passes = (layer: Finding['layer'], more: Partial<Finding> = {}): Finding => ({
  ...{ layer, name: 'main', verdict: 'passes', text: `${layer} passes` },
  ...more,
});
const refuses = (layer: Finding['layer'], more: Partial<Finding> = {}): Finding =>
  passes(layer, {
    verdict: 'refuses',
    text: `${layer} refuses`,
    answer: `${layer} refuses`,
    todo: `mend ${layer}`,
    ...more,
  });
const unknown = (layer: Finding['layer'], more: Partial<Finding> = {}): Finding =>
  passes(layer, { verdict: 'unknown', text: `${layer} is silent`, ...more });
const cut = { cut: true } as const;

it.each<[what: string, findings: Finding[], verdict: object]>([
  [
    'nobody',
    [passes('gateway'), passes('ledger')],
    { refused: false, answer: 'Nobody refuses it now: gateway main, the ledger let it pass.' },
  ],
  [
    'nobody, and one was not asked',
    [passes('gateway'), unknown('clamp')],
    { answer: expect.stringContaining('The clamp of main: clamp is silent.') },
  ],
  [
    'nobody was there to be asked',
    [{ layer: 'gateway', verdict: 'skipped', text: '' }],
    { answer: 'Nobody could be asked.' },
  ],
  [
    'one who refuses, although others are silent',
    [unknown('gateway'), refuses('routes')],
    { refused: true, by: 'routes', answer: 'routes refuses.', todo: 'mend routes' },
  ],
  [
    'the ledger speaks for the clamp',
    [refuses('gateway', cut), refuses('clamp', cut), refuses('ledger', cut)],
    { refused: true, by: 'clamp', answer: 'ledger refuses.', todo: 'mend ledger' },
  ],
  [
    'two scopes, both told',
    [
      refuses('clamp', cut),
      refuses('ledger', cut),
      refuses('ledger', { ...cut, answer: 'scope b', todo: 'RESTORE b' }),
    ],
    { by: 'clamp', answer: 'ledger refuses. Besides: scope b.', todo: 'mend ledger RESTORE b' },
  ],
  [
    'a cut and a stranger',
    [refuses('clamp', cut), refuses('litellm'), refuses('ledger', cut)],
    { by: 'clamp', answer: 'ledger refuses. Besides: litellm refuses.' },
  ],
  [
    'a cut that leaks',
    [passes('gateway'), refuses('clamp', cut)],
    { by: 'clamp', answer: 'clamp refuses. Gateway main was still seen to let it through.' },
  ],
  [
    'only the mark was seen',
    [refuses('gateway', cut), unknown('routes'), unknown('ledger')],
    { by: 'gateway', answer: 'gateway refuses.' },
  ],
  [
    'Pullcord is cleared, another is not',
    [unknown('gateway', { heard: true }), passes('clamp'), passes('ledger')],
    { answer: expect.stringMatching(/^Pullcord does not refuse it;/) },
  ],
  [
    'not cleared by a gateway that is silent',
    [unknown('gateway'), passes('clamp'), passes('ledger')],
    { answer: expect.stringMatching(/^Nobody was seen to refuse it/) },
  ],
])('%s', (_what, findings, verdict) => {
  const found = explain('path', findings);
  expect(found).toMatchObject(verdict);
  if (!('refused' in verdict || 'by' in verdict)) expect('refused' in found).toBe(false);
});

const finding = fc.record({
  layer: fc.constantFrom(...layers),
  name: fc.constantFrom('main', 'second'),
  verdict: fc.constantFrom('passes' as const, 'refuses' as const, 'unknown' as const, 'skipped' as const),
  text: fc.constantFrom('one', 'two'),
});

it('law: refused if and only if somebody was seen to refuse; cleared only when nobody is unknown', () => {
  fc.assert(
    fc.property(fc.constantFrom(...subjectKinds), fc.array(finding), (kind, findings) => {
      const { refused, by, answer, todo } = explain(kind, findings);
      const verdicts = findings.map(({ verdict }) => verdict);
      expect(refused === true).toBe(verdicts.includes('refuses'));
      if (refused === false) expect(verdicts).not.toContain('unknown');
      if (refused) expect(findings).toContainEqual(expect.objectContaining({ layer: by, verdict: 'refuses' }));
      else expect(by).toBeUndefined();
      expect([answer, todo]).not.toContain('');
      expect(answer).not.toContain('\n');
    }),
  );
});
