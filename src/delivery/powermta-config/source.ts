import type { ConfigExpectation, ConfigFinding } from './finding.js';
import { booleanOf, type Directive, lastOf, type Section, sectionsFor } from './tree.js';

const PICKUP = '{pickup}';
const EVERYBODY = '0/0';
/** Chosen for every size the sealed mail can have: base64 in base64 is 1.37² of the original. */
const SEALED_SHARE = 1.9;

/** `<source {pickup}>` (User's Guide 5.0, 3.3.7): which control headers are acted upon and taken out, and the limits of what is taken. */
export function sourceFindings(root: Section, expected: ConfigExpectation): ConfigFinding[] {
  const pickup = sectionsFor(root, 'source', PICKUP);
  const everybody = sectionsFor(root, 'source', EVERYBODY);
  if (pickup.length === 0) return [noPickupSource(expected.headers, everybody), ...sizeFindings(everybody, expected)];
  return [
    ...expected.headers.flatMap((header) => headerFindings(header, pickup, everybody)),
    ...sizeFindings([...everybody, ...pickup], expected),
  ];
}

function noPickupSource(headers: readonly string[], everybody: readonly Section[]): ConfigFinding {
  const wanted = headers.map((header) => `process-${header} yes`).join(', ');
  const inherited = headers.every((header) => booleanOf(lastOf(everybody, `process-${header}`)) === true);
  return {
    level: inherited ? 'warning' : 'error',
    at: undefined,
    text: inherited
      ? `there is no <source ${PICKUP}>, and whether <source ${EVERYBODY}> counts for pickup files is not documented`
      : `there is no <source ${PICKUP}>: ${headers.join(', ')} of pickup files may be ignored, and sent to the recipients`,
    cure: `Add <source ${PICKUP}> with: ${wanted}.`,
  };
}

function headerFindings(header: string, pickup: readonly Section[], everybody: readonly Section[]): ConfigFinding[] {
  const process = lastOf(pickup, `process-${header}`);
  const retain = lastOf(pickup, `retain-${header}`);
  const findings: ConfigFinding[] = [];
  if (booleanOf(process) !== true) findings.push(notProcessed(header, process, pickup, lastOf(everybody, `process-${header}`)));
  if (retain !== undefined && booleanOf(retain) === true)
    findings.push({
      level: 'warning',
      at: retain.at,
      text: `retain-${header} leaves ${header} in the mail that recipients get`,
      cure: 'Remove it.',
    });
  return findings;
}

/** x-envid and x-job: 7.2 lists them as known to pickup, 3.3.7 asks for the directive. For the others there is no doubt. */
function notProcessed(
  header: string,
  process: Directive | undefined,
  pickup: readonly Section[],
  elsewhere: Directive | undefined,
): ConfigFinding {
  const doubtful = header === 'x-envid' || header === 'x-job' || (process === undefined && booleanOf(elsewhere) === true);
  const pass = header === 'x-envid' ? '' : `, or take ${header} out of delivery.pickup.pass and out of the rules`;
  return {
    level: doubtful ? 'warning' : 'error',
    at: process?.at ?? pickup.at(-1)?.at,
    text: `process-${header} is not on for pickup: ${header} ${doubtful ? 'may be' : 'is'} ignored, and sent to the recipients`,
    cure: `Write "process-${header} yes" into <source ${PICKUP}>${pass}.`,
  };
}

function sizeFindings(sources: readonly Section[], { maxMessageBytes }: ConfigExpectation): ConfigFinding[] {
  const limit = lastOf(sources, 'max-message-size');
  const bytes = limit === undefined ? undefined : sizeOf(limit.value);
  if (limit === undefined || bytes === undefined || bytes >= maxMessageBytes * SEALED_SHARE) return [];
  return [
    {
      level: 'warning',
      at: limit.at,
      text: `max-message-size ${limit.value} may refuse what sealdrop takes: it takes ${mebibytes(maxMessageBytes)}, and sealed mail is up to ${SEALED_SHARE} times as large`,
      cure: `Make it unlimited or at least ${Math.ceil((maxMessageBytes * SEALED_SHARE) / 2 ** 20)}M, or lower outbox.maxMessageBytes.`,
    },
  ];
}

/** `40K`, `10M`, plain octets; undefined for `unlimited`, 0 and what is no size. */
function sizeOf(value: string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d+)\s*([bkmgt]?)b?$/i.exec(value) ?? [];
  const bytes = Number(digits) * 1024 ** Math.max(0, 'bkmgt'.indexOf(unit.toLowerCase()));
  return bytes > 0 ? bytes : undefined;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
