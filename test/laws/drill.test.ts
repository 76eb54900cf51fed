import { differences, everything } from '../../src/sandbox/everything';
import { stepNames } from '../../src/supervision/drill/report';
import { type Drillground, startDrillground, stepsOf } from '../support/drill';

let ground: Drillground;
afterEach(() => ground.close());

it('passes', async () => {
  ground = await startDrillground({ apisix: { nodes: 2 } });
  const before = await everything(ground.whole);
  const report = await ground.drill();
  expect(report).toMatchObject({ state: 'passed', by: 'token:n8n' });
  expect(stepsOf(report)).toEqual([...stepNames].filter((name) => name !== 'leftovers'));
  expect(differences(before, await everything(ground.whole))).toEqual([]);
});
