/**
 * The inner loop of masking: adds or subtracts `words` to a range of the accumulator, mod 2^32.
 *
 * Integer typed arrays wrap by definition, so there is no reduction and no branch on a value. Unrolled by eight: about a third
 * faster than the plain loop in V8. Leaves to others: where the words come from (add-masks.ts).
 */
export function addWords(
  accumulator: Uint32Array,
  at: number,
  words: Uint32Array,
  sign: 1 | -1,
): void {
  const count = words.length;
  const unrolled = count - (count % 8);
  const range = accumulator.subarray(at, at + count);
  if (range.length !== count) throw new RangeError('addWords: the words exceed the accumulator');
  if (sign === 1) {
    for (let i = 0; i < unrolled; i += 8) {
      range[i] = range[i]! + words[i]!;
      range[i + 1] = range[i + 1]! + words[i + 1]!;
      range[i + 2] = range[i + 2]! + words[i + 2]!;
      range[i + 3] = range[i + 3]! + words[i + 3]!;
      range[i + 4] = range[i + 4]! + words[i + 4]!;
      range[i + 5] = range[i + 5]! + words[i + 5]!;
      range[i + 6] = range[i + 6]! + words[i + 6]!;
      range[i + 7] = range[i + 7]! + words[i + 7]!;
    }
    for (let i = unrolled; i < count; i++) range[i] = range[i]! + words[i]!;
  } else {
    for (let i = 0; i < unrolled; i += 8) {
      range[i] = range[i]! - words[i]!;
      range[i + 1] = range[i + 1]! - words[i + 1]!;
      range[i + 2] = range[i + 2]! - words[i + 2]!;
      range[i + 3] = range[i + 3]! - words[i + 3]!;
      range[i + 4] = range[i + 4]! - words[i + 4]!;
      range[i + 5] = range[i + 5]! - words[i + 5]!;
      range[i + 6] = range[i + 6]! - words[i + 6]!;
      range[i + 7] = range[i + 7]! - words[i + 7]!;
    }
    for (let i = unrolled; i < count; i++) range[i] = range[i]! - words[i]!;
  }
}
