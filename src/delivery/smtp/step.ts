import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { SMTPError } from 'nodemailer/lib/smtp-connection';

export type Done<T> = (error: Error | null, value?: T) => void;

/**
 * Settles on whichever comes first: the callback, the connection's error, its end, the time limit. nodemailer does not call back when
 * the connection dies under connect, login or reset. An `end` waits a turn, because nodemailer ends the session before it
 * calls back with the 421 that was the reason.
 */
export function step<T>(connection: SMTPConnection, timeoutMs: number, start: (done: Done<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null, value?: T) => {
      clearTimeout(timer);
      connection.off('error', settle);
      connection.off('end', onEnd);
      if (error === null) resolve(value);
      else reject(error);
    };
    const onEnd = () => setImmediate(settle, sessionFault('ECONNECTION', 'Connection closed'));
    const timer = setTimeout(() => {
      settle(sessionFault('ETIMEDOUT', 'Timeout'));
      connection.close();
    }, timeoutMs);
    connection.once('error', settle);
    connection.once('end', onEnd);
    start(settle);
  });
}

/** A fault in the form in which nodemailer reports its own. */
export function sessionFault(code: string, message: string): SMTPError {
  return Object.assign(new Error(message), { code });
}
