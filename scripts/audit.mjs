// Fails on known vulnerabilities of high or critical severity in what is shipped: npm run audit [-- --strict]
//
// A registry without advisory data can't be asked. That is said, and is no failure, unless --strict or AUDIT_STRICT=1
// makes it one. Anything else that keeps the question from being answered fails.
import { spawnSync } from 'node:child_process';

const SHIPPED = ['--omit=dev', '--package-lock-only'];
/** How a registry says that it has no such thing: RFC 9110, 15.5.5, 15.5.6, 15.6.2. */
const NO_SUCH_THING = [404, 405, 501];

const strict = process.argv.includes('--strict') || process.env.AUDIT_STRICT === '1';

function main() {
  const { stdout, stderr, error } = spawnSync('npm', ['audit', '--json', ...SHIPPED], {
    ...{ encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 120_000 },
  });
  if (error) return fail(`not audited: npm cannot be run (${error.message})`);
  const report = parsed(stdout);
  if (report?.auditReportVersion === 2) return judge(report);
  const { statusCode, uri = '', message } = report ?? {};
  if (NO_SUCH_THING.includes(statusCode) && /\/-\/npm\/v1\/security\//.test(uri)) {
    const said = `not audited: the registry has no advisory data (${statusCode})`;
    return strict ? fail(`${said}. Ask one that has: npm_config_registry=... npm run audit`) : say(said);
  }
  return fail(`not audited: ${message ?? report?.error?.summary ?? stderr.trim().slice(0, 500)}`);
}

function judge({ vulnerabilities, metadata }) {
  // npm counts the program itself, too.
  const total = metadata.dependencies.prod - 1;
  if (!(total > 0)) return fail('not audited: npm looked at no package');
  const found = Object.values(vulnerabilities);
  const grave = found.filter(({ severity }) => severity === 'high' || severity === 'critical');
  for (const { name, severity, via } of found) {
    const known = via.map((one) => (typeof one === 'string' ? `by ${one}` : `${one.title} ${one.url}`));
    say(`${severity}: ${name}: ${known.join('; ')}`);
  }
  const count = `${total} packages are shipped, ${found.length} with known vulnerabilities, ${grave.length} of high or critical severity`;
  return grave.length > 0 ? fail(`${count}. Update them, or take them out.`) : say(`audited: ${count}`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function say(text) {
  process.stdout.write(`${text}\n`);
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}

main();
