import winston from 'winston';

export interface Log {
  debug(message: string, facts?: object): void;
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
  error(message: string, facts?: object): void;
  /** Resolves when everything is written: before the process ends, not after. */
  flush(): Promise<void>;
}

/** The log, on standard error. JSON unless a person is looking. Facts never hold message content, keys or passwords. */
export function openLog(options: { level: string; format: 'auto' | 'json' | 'text' }): Log {
  const text = options.format === 'text' || (options.format === 'auto' && process.stderr.isTTY === true);
  const { combine, timestamp, json, printf } = winston.format;
  const line = printf(({ level, message, timestamp: time, ...facts }) => {
    const rest = Object.entries(facts).filter(([, value]) => value !== undefined);
    return `${String(time)} ${level.padEnd(5)} ${String(message)}${rest.map(([name, value]) => `\n    ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join('')}`;
  });
  const logger = winston.createLogger({
    level: options.level,
    format: combine(timestamp(), text ? line : json()),
    transports: [new winston.transports.Stream({ stream: process.stderr, eol: '\n' })],
  });
  const write = (level: string) => (message: string, facts?: object) => {
    logger.log(level, message, facts);
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    flush: () =>
      new Promise((resolve) => {
        logger.on('finish', () => process.stderr.write('', () => resolve()));
        logger.end();
      }),
  };
}
