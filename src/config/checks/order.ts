import type { PlainValue } from '../document.js';
import { type CrossFault, type KeyPath, keyWords } from '../fault.js';
import { durationWords, parseDuration, parseSize, sizeWords } from '../sizes.js';
import { valueAt } from '../wording.js';
import { DEFAULTS, isPresent } from './present.js';

/** Amounts of which one cannot be larger than the other. */
export function orderFaults(value: PlainValue): CrossFault[] {
  const { outbox, delivery } = DEFAULTS;
  return [
    ...order(value, ['outbox', 'maxMessageBytes'], ['outbox', 'maxBytesInFlight'], outbox, parseSize, sizeWords),
    ...order(value, ['delivery', 'retry', 'firstMs'], ['delivery', 'retry', 'maxMs'], delivery.retry, parseDuration, durationWords),
    ...order(value, ['delivery', 'retry', 'maxMs'], ['delivery', 'retry', 'giveUpAfter'], delivery.retry, parseDuration, durationWords),
  ];
}

/** A fault when the smaller setting is larger than the other, said of the one that stands in the file. */
function order(
  value: PlainValue,
  smaller: KeyPath,
  larger: KeyPath,
  defaults: Readonly<Record<string, unknown>>,
  parse: (value: string | number) => number | undefined,
  words: (amount: number) => string,
): CrossFault[] {
  const amount = (path: KeyPath) => {
    const given = valueAt(value, path) ?? defaults[String(path.at(-1))];
    return typeof given === 'string' || typeof given === 'number' ? parse(given) : undefined;
  };
  const [small, large] = [amount(smaller), amount(larger)];
  if (small === undefined || large === undefined || small <= large) return [];
  if (isPresent(value, smaller))
    return [{ path: smaller, text: `${words(small)} is more than ${keyWords(larger)}, ${words(large)}; lower it or raise the other` }];
  return [{ path: larger, text: `${words(large)} is less than ${keyWords(smaller)}, ${words(small)}; raise it or lower the other` }];
}
