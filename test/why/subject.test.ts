import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { type SubjectKind, shown, subjectOf } from '../../src/why/subject';

const known = { scopes: ['agent', 'llm'], keys: ['nightly'] };
const KEY = 'sk-abcDEF123456';
const HASH = createHash('sha256').update(KEY).digest('hex');

it.each<[text: string, kind: SubjectKind]>([
  ['agent', 'scope'],
  ['/v1/chat/completions', 'path'],
  ['POST /v1/chat/completions', 'path'],
  ['post   https://llm.example.org/v1', 'path'],
  ['https://llm.example.org', 'path'],
  ['llm.example.org/v1/x', 'path'],
  ['localhost:9080/v1', 'path'],
  [KEY, 'key'],
  [HASH, 'key'],
  [HASH.toUpperCase(), 'key'],
  ['nightly', 'key'],
  ['research-bot', 'key'],
  ['Team key 7', 'key'],
  ['3f2b8c1e-9a0d-4c55-8f6e-2b7d1c9e0a11', 'request'],
  ['SM0123456789abcdef0123456789abcdef', 'request'],
  ['chatcmpl-9x', 'request'],
  ['deadbeefdeadbeef', 'request'],
  ['gw1-20261126-0213-7781', 'request'],
])('%s is a %s', (text, kind) => {
  expect(subjectOf(text, known)).toMatchObject({ kind });
});

it.each([
  ['/v1/x?api_key=secret#part', { path: '/v1/x' }],
  ['get /a b', undefined],
  ['/a/../b', { path: '/b' }],
  ['GET /v1/x', { method: 'GET', path: '/v1/x' }],
  ['PUT https://LLM.Example.org:8443/v1/%7Ex', { method: 'PUT', host: 'llm.example.org', path: '/v1/%7Ex' }],
  ['http://user:password@a.example.org/v1', { host: 'a.example.org', path: '/v1' }],
])('%s is asked for as it would be sent, without its query', (text, asked) => {
  const subject = subjectOf(text, known, 'path');
  expect(subject).toEqual(asked ? { kind: 'path', asked } : { fault: expect.stringContaining('METHOD /v1/x') });
});

it('can be told what to take it for', () => {
  expect(subjectOf('agent', known, 'key')).toEqual({ kind: 'key', alias: 'agent' });
  expect(subjectOf('research-bot', known, 'request')).toEqual({ kind: 'request', id: 'research-bot' });
  expect(subjectOf('research-bot', known, 'scope')).toEqual({ fault: expect.stringContaining('agent, llm') });
});

it('law: a key in clear is never repeated', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^sk-[A-Za-z0-9_-]{8,40}$/), (key) => {
      const subject = subjectOf(key, known);
      expect(JSON.stringify(subject)).not.toContain(key);
      expect('fault' in subject ? '' : shown(subject)).toBe(createHash('sha256').update(key).digest('hex'));
    }),
  );
});

it('law: whatever is written is told to be something, and never throws', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom<SubjectKind | undefined>(undefined, 'request', 'path', 'key', 'scope'),
      (text, as) => {
        const subject = subjectOf(text, known, as);
        if ('fault' in subject) return;
        if (as) expect(subject.kind).toBe(as);
        expect(typeof shown(subject)).toBe('string');
      },
    ),
  );
});
