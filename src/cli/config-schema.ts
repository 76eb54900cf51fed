import { configJsonSchema } from '../config/json-schema';
import type { Register } from './cli';

/** Hidden: what `docs/pullcord.schema.json` is made with. */
export const registerConfigSchema: Register = ({ program, say }) => {
  program
    .command('config-schema', { hidden: true })
    .description('print the JSON schema of pullcord.yaml')
    .action(() => say(JSON.stringify(configJsonSchema(), null, 2)));
};
