import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spool, type SpooledStop } from '../../src/ledger/spool';
import { request } from '../support/desk';

let folder: string;
let troubles: unknown[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullcord-'));
  troubles = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => new Spool(folder, (error) => troubles.push(error));
const stop = (scope: string): SpooledStop => ({ request: request('sever', scope), by: 'alice', at: 1 });

it('is found again after a restart', () => {
  const [one, two] = [stop('agent'), stop('llm')];
  const spool = open();
  spool.add(one);
  spool.add(two);
  expect(open().all()).toEqual([one, two]);
  spool.drop([one]);
  spool.drop([two]);
  expect(open().all()).toEqual([]);
  expect(troubles).toEqual([]);
});

it('a line that a crash left half written costs no later stop', () => {
  const [one, two] = [stop('agent'), stop('llm')];
  open().add(one);
  const path = join(folder, 'stops.jsonl');
  appendFileSync(path, readFileSync(path, 'utf8').trim().slice(0, 40));
  open().add(two);
  expect(open().all()).toEqual([one, two]);
  expect(troubles).not.toEqual([]);
});

it.each(['null', '7', '{}', '{"request":{}}', '[]'])('a line that is no stop is told and skipped: %s', (line) => {
  appendFileSync(join(folder, 'stops.jsonl'), `${line}\n`);
  const spool = open();
  expect(spool.all()).toEqual([]);
  expect(troubles).toHaveLength(1);
});

it('a disk that refuses does not stop a stop', () => {
  const spool = new Spool(join(folder, 'gone'), (error) => troubles.push(error));
  spool.add(stop('agent'));
  expect(spool.all()).toHaveLength(1);
  expect(troubles).toHaveLength(1);
});
