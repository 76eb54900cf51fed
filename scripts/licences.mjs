// Fails on a package under a licence that isn't on the list: npm run licences [-- folder ...]
//
// Reads package-lock.json, and where that is silent the package's own package.json. Left out folders: this package and
// n8n-nodes. Fails towards "not allowed": a licence that can't be read is none.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Permissive, by their SPDX ids: they let an MIT program hold and pass on what is under them. */
const ALLOWED = new Set([
  ...['MIT', 'MIT-0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Apache-2.0', 'BlueOak-1.0.0'],
  ...['CC0-1.0', 'Unlicense', 'PostgreSQL', 'Python-2.0', 'Zlib'],
]);

/** What is used here and passed on to nobody may be under others, each for a reason. */
const TOOLS = [
  { name: /^caniuse-lite$/, licence: 'CC-BY-4.0', why: 'data that jest is transformed by' },
  { name: /^(@n8n(_io)?\/.+|n8n-workflow)$/, why: "n8n's own, with which its nodes are built and run" },
  { name: /^(axe-core|lightningcss(-.+)?)$/, licence: 'MPL-2.0', why: 'it checks and packs the console, unchanged' },
  { name: /^(ssh2|cpu-features|buildcheck)$/, why: "n8n's, MIT by their files, which the lockfile doesn't show" },
];

const top = fileURLToPath(new URL('..', import.meta.url));
const given = process.argv.slice(2);
const folders = given.length > 0 ? given : [top, join(top, 'n8n-nodes')];
for (const folder of folders) check(folder);

function check(folder) {
  const { packages, name } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  const shipped = reach(packages);
  const bad = [];
  let tools = 0;
  for (const path of Object.keys(packages).filter((one) => one !== '')) {
    const licence = licenceOf(folder, packages, path);
    const isShipped = shipped.has(path);
    if (!isShipped) tools += 1;
    if (licence !== undefined && allows(licence)) continue;
    if (!isShipped && TOOLS.some((tool) => tool.name.test(nameOf(path)) && (tool.licence ?? licence) === licence))
      continue;
    bad.push(`${nameOf(path)}: ${licence ?? 'no licence'}${isShipped ? '' : ' (a tool)'}`);
  }
  const counts = `${shipped.size} packages are shipped, ${tools} are tools`;
  if (bad.length === 0) process.stdout.write(`licences of ${name}: ${counts}, all allowed\n`);
  else {
    process.stderr.write(`licences of ${name}: ${counts}; not allowed:\n  ${bad.join('\n  ')}\n`);
    process.exitCode = 1;
  }
}

/** What an install without tools brings: all that the package's own dependencies lead to. What is a peer is there already. */
function reach(packages) {
  const { dependencies = {}, optionalDependencies = {} } = packages[''];
  const seen = new Set();
  const visit = (from, names) => {
    for (const name of names) {
      const path = resolve(packages, from, name);
      if (path === undefined || seen.has(path)) continue;
      seen.add(path);
      const { dependencies: own, optionalDependencies: optional, peerDependencies: peers } = packages[path];
      visit(path, Object.keys({ ...own, ...optional, ...peers }));
    }
  };
  visit('', Object.keys({ ...dependencies, ...optionalDependencies }));
  return seen;
}

/** As Node looks a package up: beside, then one folder further up, and so on. */
function resolve(packages, from, name) {
  for (let at = from; ; at = at.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (packages[path]) return path;
    if (at === '') return undefined;
  }
}

function licenceOf(folder, packages, path) {
  const own = packages[path].license ?? installed(folder, path);
  if (own !== undefined) return own;
  // Built for another machine, and so not to be read here: released together with the package that asks for it.
  const name = nameOf(path);
  const { version } = packages[path];
  const parent = Object.values(packages).find((one) => one.optionalDependencies?.[name] === version);
  return parent?.license;
}

function installed(folder, path) {
  try {
    const { license } = JSON.parse(readFileSync(join(folder, path, 'package.json'), 'utf8'));
    return typeof license === 'string' ? license : license?.type;
  } catch {
    return undefined;
  }
}

function nameOf(path) {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** An SPDX expression (SPDX 2.3, annex D): of OR one side has to be allowed, of AND both. */
function allows(expression) {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const either = () => {
    let good = both();
    while (tokens[at] === 'OR') {
      at += 1;
      good = both() || good;
    }
    return good;
  };
  const both = () => {
    let good = one();
    while (tokens[at] === 'AND') {
      at += 1;
      good = one() && good;
    }
    return good;
  };
  const one = () => {
    const token = tokens[at];
    at += 1;
    if (token !== '(') return ALLOWED.has(token);
    const good = either();
    at += 1;
    return good;
  };
  return either() && at === tokens.length;
}
