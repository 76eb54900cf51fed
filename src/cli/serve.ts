import { NotListening } from '../intake/http/listen';
import { DataDirInUse } from '../ledger/data-dir';
import { createLogger } from '../log';
import { startPullcord } from '../main';
import { version } from '../version';
import { Failure, type Register } from './cli';

/** An orderly end takes at most so long; then the process ends anyway. The latches are written already. */
const CLOSE_WITHIN_MS = 5_000;

export const registerServe: Register = ({ program, config, env, stdout }) => {
  program
    .command('serve')
    .description('serve both listeners, enforce the latches, and keep on until SIGTERM or SIGINT')
    .action(async () => {
      const configuration = config();
      const logger = createLogger({
        level: configuration.log.level,
        destination: { write: (line) => stdout.write(line) },
      });
      const ended = new Promise<string>((resolve) => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
      });
      const pullcord = await startPullcord({
        ...{ config: configuration, logger, version: version() },
        ...(env.PULLCORD_TWILIO_API_URL === undefined ? {} : { twilioApiUrl: env.PULLCORD_TWILIO_API_URL }),
      }).catch((error) => {
        if (error instanceof DataDirInUse || error instanceof NotListening) throw new Failure(error.message, 2);
        throw error;
      });
      logger.info({ signal: await ended }, 'closing');
      const late = setTimeout(() => {
        logger.error('not closed in time; the latches are kept, the next start goes on from them');
        process.exit(1);
      }, CLOSE_WITHIN_MS).unref();
      await pullcord.close();
      clearTimeout(late);
    });
};
