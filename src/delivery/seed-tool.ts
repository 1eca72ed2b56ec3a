import type { RecipientOutcome } from './delivery.js';
import { printable } from './printable.js';

/** The lines the seed tool printed, which scripts may read: they stay as they are. */

/** `secure`: the session is under TLS. */
export function openedLine(secure: boolean): string {
  return `Opened SMTP connection (${secure ? 'STARTTLS' : 'plain'})`;
}

export interface SmtpLogin {
  readonly host: string;
  readonly port: number;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** The password becomes a row of fixed length, for its length is a secret too. */
export function hostLine({ host, port, user, password }: SmtpLogin): string {
  const row = password === undefined || password === '' ? '' : '*'.repeat(8);
  return `Host: ${printable(host)} Port: ${port} User: "${printable(user ?? '')}" Password: "${row}"`;
}

/** What the seed tool said of SMTP, said of the SparkPost API. */
export function apiLine({ host }: { host: string }): string {
  return `SparkPost API Host: ${printable(host)} API key: "${'*'.repeat(8)}"`;
}

export function missingKeyLine(): string {
  return 'Environment variable SPARKPOST_API_KEY not set - stopping';
}

/** `from` and `to` as the message's header shows them, decoded. */
export function sendingLine({ file, from, to }: { file: string; from: string; to: string }): string {
  return `Sending: ${printable(file)} From: ${printable(from)} To: ${printable(to)}`;
}

export function okLine(elapsedMs: number): string {
  return `OK - in ${(elapsedMs / 1000).toFixed(3)} seconds`;
}

export function missingHostLine(): string {
  return 'Environment variable SMTP_HOST not set - stopping';
}

/** A refusal in the server's own words: `bob@example.net: 550 relaying denied`. */
export function refusalLine({ address, code, text }: RecipientOutcome): string {
  return `${printable(address)}: ${code} ${printable(text)}`;
}
