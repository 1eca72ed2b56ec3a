import { printable } from '../delivery/printable.js';
import type { Envelope } from '../message/envelope.js';
import { protectionWords } from '../smime/already-protected.js';
import type { HeaderForm } from '../smime/header-protection/form.js';
import { capabilitiesText } from './capabilities-text.js';
import type { CertificateShown, CopyShown, Explanation, RecipientShown } from './explain-facts.js';
import { inputName } from './input.js';
import { coloursFor, table, widthOf, wrapped } from './terminal.js';

/** An explanation for a person. */
export function explanationLines(file: string, found: Explanation): string[] {
  const colour = coloursFor(process.stdout);
  const { refused, envelope, identity, recipients, copies, changes = [], dropped = [] } = found;
  const lines = [colour.bold(`${printable(inputName(file))}, ${bytesText(found.sizeBytes)}`)];
  if (found.subject !== undefined) lines.push(fact('Subject', printable(found.subject)));
  if (found.submitter !== undefined) lines.push(fact('Submitted by', printable(found.submitter)));
  if (envelope !== undefined) lines.push(fact('Envelope', `${senderText(envelope)}, recipients ${origins[envelope.from]}`));
  if (found.already !== undefined) lines.push(fact('Came', protectionWords(found.already)));
  if (identity !== undefined) {
    const { address, certificate, fault } = identity;
    lines.push(
      fact(
        'Signs as',
        certificate === undefined
          ? `${address}${fault === undefined ? ' (nothing is signed)' : ''}`
          : `${address}, ${certificateText(certificate)}`,
      ),
    );
    if (fault !== undefined) lines.push(fact('', colour.red(printable(fault))));
  }
  if (recipients !== undefined)
    lines.push('', colour.bold('Recipients'), ...recipients.flatMap((each) => recipientLines(each, colour.red)));
  for (const copy of copies ?? []) lines.push('', ...copyLines(copy, copies?.length ?? 0, found.algorithms ?? '', colour.bold));
  if (changes.length > 0)
    lines.push('', colour.bold('Changes to the submitted bytes'), ...changes.map((change) => `  ${printable(change)}`));
  if (dropped.length > 0) lines.push('', colour.bold('Control headers dropped'), ...dropped.map((name) => `  ${printable(name)}`));
  if (refused !== undefined) {
    const what = refused.disposition === 'quarantine' ? 'It would be held for a person' : 'It would wait';
    const width = widthOf(process.stdout);
    lines.push('', colour.red(`${what}: ${refused.code}`));
    lines.push(
      ...wrapped(printable(refused.message), '  ', '  ', width),
      ...wrapped(`what to do: ${printable(refused.cure)}`, '  ', '  ', width),
    );
  }
  return lines;
}

const origins: Readonly<Record<Envelope['from'], string>> = {
  'x-lines': 'from its x-receiver lines',
  headers: 'from To, Cc and Bcc',
  resent: 'from its topmost Resent fields',
};

function fact(name: string, text: string): string {
  return `  ${name.padEnd(13)} ${text}`;
}

function senderText({ sender }: Envelope): string {
  return sender === '' ? 'from <> (the null sender)' : `from ${sender}`;
}

function certificateText({ fingerprint, algorithm, notAfter }: CertificateShown): string {
  return `certificate ${fingerprint.slice(0, 16)}…, ${algorithm}, until ${notAfter.slice(0, 10)}`;
}

function recipientLines(
  { address, visible, why, certificate, fault, capabilities, capabilitiesFault }: RecipientShown,
  red: (text: string) => string,
): string[] {
  return [
    `  ${address}${visible ? '' : '  (blind)'}`,
    // The certificate has a line of its own.
    ...(why === undefined ? [] : [`      ${printable(why).replace(/; the certificate is [0-9a-f]+…$/, '')}`]),
    ...(certificate === undefined ? [] : [`      ${certificateText(certificate)}`]),
    ...(capabilities === undefined || capabilities === null ? [] : [`      ${capabilitiesText(capabilities)}`]),
    ...[fault, capabilitiesFault].filter((each) => each !== undefined).map((each) => `      ${red(printable(each))}`),
  ];
}

function copyLines(copy: CopyShown, count: number, algorithms: string, bold: (text: string) => string): string[] {
  const { number, recipients, via, contentWhy, sizeBytes, file, head } = copy;
  const rows = [
    ['Sealed', sealedText(copy, algorithms)],
    ...(contentWhy === undefined ? [] : [['Cipher', printable(contentWhy)]]),
    ...(copy.header === null ? [] : [['Header', headerText(copy.header, copy.hidden)]]),
    ...(copy.keepSealed === 'signature' ? [] : [['Archive', archiveText(copy)]]),
    ['Rule', copy.rule === null ? 'none matched, the defaults' : `"${copy.rule}"`],
    ['Goes by', `${via}${file === undefined ? '' : ` as ${file}`}, ${bytesText(sizeBytes)}`],
    ...(head === undefined ? [['To', recipients.join(', ')]] : []),
  ];
  return [
    bold(`Copy ${number} of ${count}${copy.blind ? ', for blind recipients' : ''}`),
    ...table(rows).map((row) => `  ${row}`),
    ...(head ?? []).slice(0, MAX_HEAD_LINES).map((line) => `  | ${printable(line)}`),
    ...(head !== undefined && head.length > MAX_HEAD_LINES ? [`  | … and ${head.length - MAX_HEAD_LINES} lines more`] : []),
  ];
}

function headerText(header: HeaderForm, hidden: readonly string[]): string {
  if (header.hp === 'clear') return 'protected, nothing is hidden';
  const what = hidden.length === 0 ? 'nothing is hidden' : `hidden: ${printable(hidden.join(', '))}`;
  return `protected (${header.confidentiality}); ${what}`;
}

function archiveText({ keepSealed, alsoEncryptedTo }: CopyShown): string {
  if (keepSealed === 'none') return 'keeps nothing of this copy but its hash';
  const also = alsoEncryptedTo.length === 0 ? '' : `; it is encrypted to ${printable(alsoEncryptedTo.join(', '))} as well`;
  return `keeps this copy${also}`;
}

/** Its layers, the innermost first. */
function sealedText({ sign, signWith, outerSign, passed, content, keyManagement }: CopyShown, algorithms: string): string {
  if (passed === 'encrypted') return 'as it came, encrypted already';
  const signatures = algorithms.split(' ').filter((one) => /\+sha\d+$/.test(one));
  const how = signWith === 'allKeys' ? signatures.join(', ') : (signatures[0] ?? '');
  const signed = passed === 'signed' ? 'signed, as it came' : sign === 'none' ? 'not signed' : `signed, ${sign} (${how})`;
  const encrypted = content === null ? 'not encrypted' : `encrypted, ${content} (${keyManagement.join(', ')})`;
  return `${signed}; ${encrypted}${outerSign === undefined ? '' : `; signed again, ${outerSign} (${how})`}`;
}

const MAX_HEAD_LINES = 20;

function bytesText(count: number): string {
  return `${count.toLocaleString('en-US')} bytes`;
}
