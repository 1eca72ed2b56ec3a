import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshKeys } from '../fresh-keys.js';
import { makeTemp, removeTemp } from '../temp.js';
import { Service } from './service.js';

const NOBODY = 65534;

/** OpenDKIM as a milter on a port of 127.0.0.1: signs mail of `domain` with a key made now. It needs root to become somebody else. */
export class OpenDkim {
  /** The name and text of the TXT record a verifier asks for (RFC 6376 §3.6). */
  readonly record: Readonly<Record<string, string>>;
  readonly #directory: string;
  readonly #service: Service;

  static async start(domain: string, port: number): Promise<OpenDkim> {
    const directory = makeTemp('opendkim');
    const selector = 'mail';
    const { privateKey, publicKey } = freshKeys({ rsa: 2048 });
    const [key, configuration] = [join(directory, 'key.pem'), join(directory, 'opendkim.conf')];
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    writeFileSync(
      configuration,
      [
        'Mode s',
        `Domain ${domain}`,
        `Selector ${selector}`,
        `KeyFile ${key}`,
        `Socket inet:${port}@127.0.0.1`,
        'Canonicalization relaxed/simple',
        'InternalHosts 127.0.0.1',
        // The key lies beneath /tmp, in a directory of ours.
        'RequireSafeKeys no',
        'Background no',
        'Syslog no',
        '',
      ].join('\n'),
    );
    for (const path of [directory, key]) chownSync(path, NOBODY, NOBODY);
    const service = await Service.start('/usr/sbin/opendkim', ['-f', '-x', configuration], port, { uid: NOBODY, gid: NOBODY });
    const text = `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`;
    return new OpenDkim(directory, service, { [`${selector}._domainkey.${domain}`]: text });
  }

  private constructor(directory: string, service: Service, record: Readonly<Record<string, string>>) {
    this.#directory = directory;
    this.#service = service;
    this.record = record;
  }

  async stop(): Promise<void> {
    await this.#service.stop();
    removeTemp(this.#directory);
  }
}
