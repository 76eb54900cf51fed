import fc from 'fast-check';
import { createCount } from '../../../src/tripwire/gateway/count';
import { TooMany } from '../../../src/tripwire/scrape/counters';
import { MalformedExposition, readExposition, type Sample } from '../../../src/tripwire/scrape/exposition';
import { exposition } from '../../support/litellm-exposition';
import { must, mutated, target } from '../target';

/** A part of a real text: whole ones are long. */
const some = (number: number): string => exposition(number).split('\n').slice(0, 12).join('\n').concat('\n');
const APISIX = `# TYPE apisix_http_status counter
apisix_http_status{code="200",route="r1",matched_uri="/v1/chat/completions",matched_host="",service="",consumer="",node="127.0.0.1"} 7
apisix_node_info{hostname="gw-1"} 1
`;
const corpus = [some(1), some(2), some(6), APISIX, 'm{a="b"} 1\nm{a="c"} 2.5e3 1700000000\n# HELP m x\n\nn NaN\n'];
const pieces = fc.constantFrom(
  ...[
    '{',
    '}',
    '"',
    '\\',
    '\\"',
    '\\n',
    '=',
    ',',
    ' ',
    '\t',
    '\n',
    '#',
    '# EOF\n',
    'NaN',
    '+Inf',
    '-1',
    '1e999',
    '0x10',
    '1_000',
  ],
  ...['٣', '1,000', 'route="r1"', 'm{a="b"} 1\n', '# {t="1"} 1', '\u2028', '\0', 'a'.repeat(2000), '\ud800', '\r\n'],
);

/** A line of a sample, read by one expression instead of step by step. */
const LINE =
  /^[ \t]*([a-zA-Z_:][\w:]*)[ \t]*(\{(?:[ \t]*[a-zA-Z_]\w*[ \t]*=[ \t]*"(?:[^"\\]|\\.)*"[ \t]*,?)*[ \t]*\})?[ \t]*([^ \t]+)(?:[ \t]+([^ \t#]+))?[ \t]*(?:#.*)?$/s;
const number = (text: string): number =>
  /^[+-]?inf(inity)?$/i.test(text)
    ? text.startsWith('-')
      ? Number.NEGATIVE_INFINITY
      : Number.POSITIVE_INFINITY
    : Number(text);

export const metrics = target(
  'metrics texts',
  130_000,
  fc.tuple(mutated(corpus, pieces), fc.nat(200)),
  ([text, piece]) => {
    const samples: Sample[] = [];
    const count = createCount();
    const keep = new Set(['a', 'route', 'hashed_api_key']);
    const all = readExposition({ wanted: () => keep, onSample: (sample) => samples.push(sample) });
    const gateway = readExposition({ wanted: count.wanted, onSample: count.onSample });
    try {
      // As it comes off the wire: in pieces that end anywhere.
      for (let at = 0; at < text.length; at += piece + 1) all.write(text.slice(at, at + piece + 1));
      all.end();
      gateway.write(text);
      gateway.end();
    } catch (error) {
      must(error instanceof MalformedExposition || error instanceof TooMany, `crashed: ${error}`);
      return;
    }
    must(text === '' || text.endsWith('\n'), 'half a text was taken for a whole one');
    const lines = text.split('\n').filter((line) => !/^[ \t]*(#|$)/.test(line));
    must(lines.length === samples.length, `${samples.length} samples of ${lines.length} lines`);
    lines.forEach((line, i) => {
      const read = LINE.exec(line);
      must(read !== null, `taken for a sample: ${line}`);
      must(read[1] === samples[i]?.name, 'another name');
      must(Object.is(number(read[3] ?? ''), samples[i]?.value), `${samples[i]?.value} was read of ${read[3]}`);
    });
    for (const passed of count.result()?.routes.values() ?? [])
      must(Number.isFinite(passed) && passed >= 0, `a count that is none: ${passed}`);
  },
);
