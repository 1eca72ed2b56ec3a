import { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { Daemon } from '../daemon/daemon.js';
import { openLog } from '../daemon/log.js';
import { type HttpServer, openHealthServer } from '../http/server.js';

export function runCommand(ended: (exitCode: number) => void): Command {
  return new Command('run')
    .description('Run the daemon: take mail from the outbox, seal it, hand it to the MTA.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--once', 'drain both doors of the outbox and end: exit 0, 75 if mail waits or is to be retried, 65 if mail was quarantined')
    .addHelpText(
      'after',
      '\nSIGTERM and SIGINT finish what is in flight and stop. SIGHUP reads the configuration again; a broken one is reported and not used.',
    )
    .action(async (options: { config: string; once?: boolean }) => {
      ended(await run(options.config, options.once === true));
    });
}

async function run(configPath: string, once: boolean): Promise<number> {
  const config = loadConfig(configPath);
  process.umask(0o027);
  const log = openLog(config.log);
  let http: HttpServer | undefined;
  const daemon = new Daemon(config, {
    configPath,
    once,
    log,
    onReady: () => {
      const { listen } = config.http;
      if (once || listen === null) return;
      void openHealthServer(listen, () => daemon.healthReport(), log).then((server) => {
        http = server;
      });
    },
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => daemon.stop(signal));
  process.on('SIGHUP', () => void daemon.reload());
  const { exitCode } = await daemon.run();
  await http?.close();
  await log.flush();
  return exitCode;
}
