import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import { cached } from './cache';
import { dataFolder, freePort, type Server, startServer } from './server';

/** Folder that holds `prometheus` and `promtool`. Debian's package is unpacked, not installed: it would start a service. */
export async function prometheusBin(): Promise<string> {
  const installed = '/usr/bin';
  if (existsSync(join(installed, 'promtool'))) return installed;
  const release = createHash('sha256').update(readFileSync('/etc/os-release')).digest('hex');
  const folder = await cached({
    ...{ name: 'prometheus', key: release },
    install: (draft) => {
      if (process.getuid?.() === 0) execFileSync('apt-get', ['update', '-qq'], { stdio: 'pipe' });
      execFileSync('apt-get', ['download', '-qq', 'prometheus'], { cwd: draft, stdio: 'pipe' });
      for (const name of readdirSync(draft).filter((file) => file.endsWith('.deb'))) {
        execFileSync('dpkg-deb', ['-x', name, '.'], { cwd: draft, stdio: 'pipe' });
        rmSync(join(draft, name));
      }
      chmodSync(draft, 0o755);
    },
  });
  return join(folder, 'usr/bin');
}

export interface PrometheusOptions {
  /** Of what is scraped. */
  readonly target: string;
  /** A file of rules. */
  readonly rules: string;
}

/** Looks every second. */
export async function startPrometheus({ target, rules }: PrometheusOptions): Promise<Server> {
  const bin = await prometheusBin();
  const port = await freePort();
  const dataDir = dataFolder('prometheus');
  copyFileSync(rules, join(dataDir, basename(rules)));
  const config = join(dataDir, 'prometheus.yml');
  writeFileSync(
    config,
    stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: [basename(rules)],
      scrape_configs: [{ job_name: 'pullcord', static_configs: [{ targets: [new URL(target).host] }] }],
    }),
  );
  const url = `http://127.0.0.1:${port}`;
  return startServer({
    ...{ url, dataDir, stopSignal: 'SIGTERM' },
    command: [
      join(bin, 'prometheus'),
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(dataDir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    ready: async () => {
      const answer = await fetch(`${url}/-/ready`);
      await answer.text();
      if (!answer.ok) throw new Error('not ready yet');
    },
  });
}
