import { AxiosError } from 'axios';
import { createLogger } from '../../src/log';

describe('the log', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });

  it('never holds a secret, wherever it stands', () => {
    const secret = 'sk-very-secret';
    const error = new AxiosError('refused', 'ECONNREFUSED', { headers: { 'X-API-KEY': secret } as never });
    logger.error({ err: new Error('outer', { cause: error }) }, 'failed');
    logger.info({ code: secret, deep: { adminKey: secret, deeper: { authToken: secret } } }, 'said');
    expect(lines).toHaveLength(2);
    expect(lines.join()).not.toContain(secret);
    expect(lines[0]).toContain('ECONNREFUSED');
  });
});
