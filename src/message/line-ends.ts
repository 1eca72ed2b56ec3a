const CR = 0x0d;
const LF = 0x0a;

export interface LineEnds {
  /** An LF without CR before it. */
  readonly bareLf: boolean;
  /** A CR without LF after it; CR CR LF has one. */
  readonly bareCr: boolean;
}

/** Looks for what is not CRLF. Native searches only: a canonical message of 20 KB costs some microseconds. */
export function surveyLineEnds(bytes: Buffer): LineEnds {
  return { bareLf: hasBareLf(bytes), bareCr: hasBareCr(bytes) };
}

/**
 * LF, CR, and any run of CRs before an LF become CRLF (RFC 8551 §3.1.1: repaired before signing, not after). Returns
 * `bytes` itself when nothing has to change.
 */
export function toCrlf(bytes: Buffer): Buffer {
  const { bareLf, bareCr } = surveyLineEnds(bytes);
  if (bareCr) return convertAll(bytes);
  return bareLf ? convertLf(bytes) : bytes;
}

function hasBareLf(bytes: Buffer): boolean {
  for (let lf = bytes.indexOf(LF); lf !== -1; lf = bytes.indexOf(LF, lf + 1)) {
    if (bytes[lf - 1] !== CR) return true;
  }
  return false;
}

function hasBareCr(bytes: Buffer): boolean {
  for (let cr = bytes.indexOf(CR); cr !== -1; cr = bytes.indexOf(CR, cr + 1)) {
    if (bytes[cr + 1] !== LF) return true;
  }
  return false;
}

/** The usual case, no CR or only CRs before LF: line by line, copied natively. */
function convertLf(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length + countOf(bytes, LF));
  let at = 0;
  let start = 0;
  for (let lf = bytes.indexOf(LF); lf !== -1; lf = bytes.indexOf(LF, start)) {
    const end = bytes[lf - 1] === CR ? lf - 1 : lf;
    if (end > start) at += bytes.copy(out, at, start, end);
    out[at++] = CR;
    out[at++] = LF;
    start = lf + 1;
  }
  at += bytes.copy(out, at, start);
  return out.subarray(0, at);
}

/** One pass over the octets. A line end grows by at most one octet, so the output is allocated once. */
function convertAll(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length + countOf(bytes, LF) + countOf(bytes, CR));
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    const octet = bytes[i] as number;
    if (octet !== CR && octet !== LF) {
      out[at++] = octet;
      continue;
    }
    let run = 1;
    if (octet === CR) {
      while (bytes[i + run] === CR) run++;
      i += run - 1;
      if (bytes[i + 1] === LF) {
        i++;
        run = 1;
      }
    }
    for (let n = 0; n < run; n++) {
      out[at++] = CR;
      out[at++] = LF;
    }
  }
  return out.subarray(0, at);
}

function countOf(bytes: Buffer, octet: number): number {
  let count = 0;
  for (let i = bytes.indexOf(octet); i !== -1; i = bytes.indexOf(octet, i + 1)) count++;
  return count;
}
