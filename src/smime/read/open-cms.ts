import { OID } from '../algorithms.js';
import { decompress, type InflateBudget } from './compressed-data.js';
import { type ContentInfo, contentTypeName, readContentInfo } from './content-info.js';
import { type DecryptionKey, decrypt, envelopeFacts } from './decrypt.js';
import { readAuthEnvelopedData, readEnvelopedData } from './enveloped-data.js';
import { brokenCms, reading, unsupportedCms } from './faults.js';
import { judgeSigned, type Trust } from './judge-signed.js';
import type { OpenedLayer } from './layer.js';
import { readSignedData, type SignedData } from './signed-data.js';

export interface OpenContext {
  readonly keys: readonly DecryptionKey[];
  readonly trust: Trust;
  readonly inflateBudget: InflateBudget;
}

/** Opens one application/pkcs7-mime body. Throws SealdropError: broken-cms, unsupported-cms, no-key, cannot-decrypt. */
export function openCms(cms: Buffer, context: OpenContext): OpenedLayer {
  const info = reading('the CMS structure', () => readContentInfo(cms));
  const open = OPENERS.get(info.contentType);
  if (open === undefined) throw unsupportedCms(contentTypeName(info.contentType));
  return reading(contentTypeName(info.contentType), () => open(info, context));
}

const OPENERS: ReadonlyMap<string, (info: ContentInfo, context: OpenContext) => OpenedLayer> = new Map([
  [OID.signedData, openSigned],
  [OID.envelopedData, openEnveloped],
  [OID.authEnvelopedData, openEnveloped],
  [OID.compressedData, openCompressed],
]);

function openSigned({ content: element }: ContentInfo, { trust }: OpenContext): OpenedLayer {
  const data = readSignedData(element);
  if (data.content === undefined) {
    if (data.signerInfos.length > 0)
      throw brokenCms('SignedData', 'it has signatures but no content, and is not beside the content it signs');
    return { layer: certsOnly(data), content: undefined };
  }
  if (data.contentType !== OID.data) throw unsupportedCms(`signed content of type ${data.contentType}`);
  const { verdict, reason, signers } = judgeSigned(data, data.content, trust);
  const algorithms = [...new Set(signers.flatMap((signer) => signer.algorithms))];
  return { layer: { kind: 'signed', form: 'opaque', algorithms, verdict, reason, signers, recipients: [] }, content: data.content };
}

function certsOnly(data: SignedData): OpenedLayer['layer'] {
  const reason = `it only transports certificates (${data.certificates.length}), none of which is checked`;
  return { kind: 'certs-only', form: 'certs-only', algorithms: [], verdict: 'unknown', reason, signers: [], recipients: [] };
}

function openEnveloped({ contentType, content: element }: ContentInfo, { keys }: OpenContext): OpenedLayer {
  const authenticated = contentType === OID.authEnvelopedData;
  const data = authenticated ? readAuthEnvelopedData(element) : readEnvelopedData(element);
  const content = decrypt(data, keys);
  const layer = {
    kind: 'encrypted',
    form: authenticated ? 'auth-enveloped' : 'enveloped',
    verdict: authenticated ? 'authenticated' : 'unauthenticated',
    reason: authenticated
      ? 'nothing was altered since it was encrypted; by whom, encryption does not say'
      : 'CBC encryption does not show whether it was altered, and no valid signature inside does',
    signers: [],
    ...envelopeFacts(data),
  } as const;
  return { layer, content };
}

function openCompressed({ content: element }: ContentInfo, { inflateBudget }: OpenContext): OpenedLayer {
  const content = decompress(element, inflateBudget);
  const layer = {
    kind: 'compressed',
    form: 'opaque',
    algorithms: ['zlib'],
    verdict: 'unauthenticated',
    reason: 'compression protects nothing',
    signers: [],
    recipients: [],
  } as const;
  return { layer, content };
}
