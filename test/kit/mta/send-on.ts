import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { type PickupMail, PickupRefusal } from './pickup-mail.js';

/**
 * What a PickupMta does with mail when it is to arrive: it hands it on by SMTP to a loopback port. A 4xx leaves the file in pickup, a 5xx
 * sends it to the bad directory, whole.
 */
export function sendOnTo(port: number): (mail: PickupMail) => Promise<undefined | 'later'> {
  return async (mail) => {
    const connection = new SMTPConnection({ host: '127.0.0.1', port, ignoreTLS: true });
    try {
      await new Promise<void>((resolve, reject) => {
        connection.on('error', reject);
        connection.connect(() => {
          connection.send({ from: mail.sender, to: [...mail.receivers] }, mail.message, (error, info) => {
            if (error) reject(error);
            else if (info.rejected.length > 0) reject(info.rejectedErrors?.[0] ?? new Error('a recipient was rejected'));
            else resolve();
          });
        });
      });
      return undefined;
    } catch (error) {
      const code = (error as { responseCode?: number }).responseCode;
      if (code !== undefined && code >= 500) throw new PickupRefusal(`the next server refused it: ${code}`, { cause: error });
      return 'later';
    } finally {
      connection.close();
    }
  };
}
