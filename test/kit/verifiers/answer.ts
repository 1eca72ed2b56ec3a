import type { Verdict } from './verifier.js';

/** A verdict as the helper programs frame it: one octet (1 = signature and chain good), the length and text of a fault, the entity. */
export function parseAnswer(answer: Buffer): Verdict {
  const entityAt = 5 + answer.readUInt32BE(1);
  return { signerOk: answer[0] === 1, fault: answer.toString('utf8', 5, entityAt), entity: answer.subarray(entityAt) };
}
