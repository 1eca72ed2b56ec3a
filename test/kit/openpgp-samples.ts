/** Made by GnuPG 2.2 for a key of bob@example.net that nobody has any more. */

export const PGP_MESSAGE = `-----BEGIN PGP MESSAGE-----

hF4D1WrZM8GddjsSAQdASMgCD/Okdshtl5p/nzai8LjftoE9dijavSFlXM1AomQw
YpT20gROtR4aOHk/1yytx9PGCLCSkNLaMqJJUDHrnuH1BtcTSsqW8wuead/ebySQ
0nEBmbp0lDtJjqvuqIVDpqnjRUve0PL/6kRXmcGC235RrXm1vAW5zsZv0ZzrC2kS
LE5kraEmyl78TVp43ni2BwDgInsc4PUamAwVa+H/3/Cf6+ozQhVl0ENzlgMV9BSw
GoQHGMO9Cqp0IoDP1SQ8OFcX2Q==
=JdIW
-----END PGP MESSAGE-----
`;

export const PGP_SIGNATURE = `-----BEGIN PGP SIGNATURE-----

iHUEABYIAB0WIQRZ6/WwxDulIR0NrnnzlAmtCUiHZgUCawb8cgAKCRDzlAmtCUiH
ZiWwAP9AC82Th/AqehIOPRs7cLKRmSa85WG0fYOBIuBKLKTO2QEArHVaJYEqhrTK
80CZ5N/zy730hPjfxefqYxYLIr3pqAc=
=ADnZ
-----END PGP SIGNATURE-----
`;

export const PGP_SIGNED_TEXT = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

The invoice is 1,234 EUR.
-----BEGIN PGP SIGNATURE-----

iHUEARYIAB0WIQRZ6/WwxDulIR0NrnnzlAmtCUiHZgUCawb8cgAKCRDzlAmtCUiH
ZpEyAP9+IaFOmAHi2RpYCj5BIdHzbyWIzhYT/4OkP14wbPvxJgEAlyWIxeHvPPAt
JjcMHKDaUiSq1oykInCHy6YiDC9ldQE=
=Kd3m
-----END PGP SIGNATURE-----
`;

/** PGP/MIME around a block (RFC 3156 §4). */
export function pgpEncrypted(block = PGP_MESSAGE, { preamble = '', epilogue = '' } = {}): string {
  return [
    'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=pgp',
    '',
    `${preamble}--pgp`,
    'Content-Type: application/pgp-encrypted',
    '',
    'Version: 1',
    '',
    '--pgp',
    'Content-Type: application/octet-stream; name=encrypted.asc',
    '',
    `${block}`,
    '--pgp--',
    epilogue,
  ].join('\n');
}

/** PGP/MIME with a signature of whatever it is (RFC 3156 §5). */
export function pgpSigned(part: string, signature = PGP_SIGNATURE): string {
  return [
    'Content-Type: multipart/signed; micalg=pgp-sha256; protocol="application/pgp-signature"; boundary=pgp',
    '',
    '--pgp',
    part,
    '--pgp',
    'Content-Type: application/pgp-signature; name=signature.asc',
    '',
    `${signature}`,
    '--pgp--',
    '',
  ].join('\n');
}
