import { Buffer } from 'node:buffer';
import { deflateSync } from 'node:zlib';

/** A PDF 1.4 of A4 pages in Helvetica. A page is a list of drawing operators, made with the functions below. */
export function pdf(pages) {
  const objects = [];
  const add = (body) => objects.push(body);
  const pageNumber = (n) => 5 + 2 * n;
  add('<< /Type /Catalog /Pages 2 0 R >>');
  add(`<< /Type /Pages /Kids [${pages.map((_, n) => `${pageNumber(n)} 0 R`).join(' ')}] /Count ${pages.length} >>`);
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>');
  add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>');
  pages.forEach((operators, n) => {
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${pageNumber(n) + 1} 0 R ` +
        '/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>',
    );
    const stream = deflateSync(Buffer.from(operators.join('\n'), 'latin1'), { level: 9 });
    add(Buffer.concat([Buffer.from(`<< /Length ${stream.length} /Filter /FlateDecode >>\nstream\n`), stream, Buffer.from('\nendstream')]));
  });
  return file(objects);
}

export function text(x, y, size, words, bold = false) {
  return `BT /${bold ? 'F2' : 'F1'} ${size} Tf ${x} ${y} Td (${words.replace(/[\\()]/g, '\\$&')}) Tj ET`;
}

export function line(x1, y1, x2, y2) {
  return `0.5 w ${x1} ${y1} m ${x2} ${y2} l S`;
}

export function box(x, y, width, height, [red, green, blue]) {
  const shade = (value) => (value / 255).toFixed(3);
  return `q ${shade(red)} ${shade(green)} ${shade(blue)} rg ${x} ${y} ${width} ${height} re f Q`;
}

function file(objects) {
  // The second line marks the file as binary for programs that guess.
  const pieces = [Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  let length = pieces[0].length;
  const offsets = objects.map((body, n) => {
    const offset = length;
    const piece = Buffer.concat([Buffer.from(`${n + 1} 0 obj\n`), Buffer.from(body), Buffer.from('\nendobj\n')]);
    pieces.push(piece);
    length += piece.length;
    return offset;
  });
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries}`;
  return Buffer.concat([
    ...pieces,
    Buffer.from(`${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF\n`),
  ]);
}
