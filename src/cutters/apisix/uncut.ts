import type { Snapshot } from '../../ledger/store';
import { alike, type Doc, docAt, without } from './document';
import { isRefusal } from './refusal';

const FAULT = 'fault-injection';

/**
 * What a route would be now if Pullcord had never rewritten it: what was, where nobody else touched it, and otherwise
 * what others made of it, with our own two changes (a plugin, a script) taken back.
 */
export function uncut(now: Doc, snapshot: Pick<Snapshot, 'before' | 'written'> | undefined): Doc {
  const before = snapshot?.before ?? {};
  if (snapshot && alike(without(now, 'update_time'), without(snapshot.written, 'update_time'))) return before;

  const plugins = docAt(now, 'plugins');
  const ours = isRefusal(plugins[FAULT]);
  if (bringsScriptBack(now, before, ours)) return { ...without(now, 'plugins'), script: before.script };
  if (!ours) return now;

  const fault = docAt(before, 'plugins')[FAULT];
  const rest = { ...without(plugins, FAULT), ...(fault === undefined ? {} : { [FAULT]: fault }) };
  const none = Object.keys(rest).length === 0 && before.plugins === undefined;
  return none ? without(now, 'plugins') : { ...now, plugins: rest };
}

/**
 * A script excludes plugins. It comes back in place of our refusal, even when others have added plugins beside it, and
 * when somebody took the refusal away and did nothing else; not into a route that others have written anew.
 */
function bringsScriptBack(now: Doc, before: Doc, ours: boolean): boolean {
  if (before.script === undefined || now.script !== undefined || now.plugin_config_id !== undefined) return false;
  const rest = ['script', 'plugins', 'update_time'];
  const untouched =
    Object.keys(docAt(now, 'plugins')).length === 0 && alike(without(now, ...rest), without(before, ...rest));
  return ours || untouched;
}
