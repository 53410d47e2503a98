/**
 * Arithmetic in GF(2^16) = GF(2)[x] / (x^16 + x^5 + x^3 + x^2 + 1).
 *
 * Addition is XOR. `multiply` is bit-serial with masks: no table, branch or index depends on an operand, since dealers run it on
 * secrets. The table-driven functions are for rebuilding, where the values are about to be public.
 * Source: secure-aggregation.md section 8. GF(2^8) could not serve roster indices above 255.
 */
const POLYNOMIAL = 0x1002d;
const ORDER = 0xffff;

/** a · b in constant time. Both below 2^16. */
export function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = a;
  for (let bit = 0; bit < 16; bit++) {
    product ^= shifted & -((b >>> bit) & 1);
    shifted = (shifted << 1) ^ (POLYNOMIAL & -((shifted >>> 15) & 1));
  }
  return product;
}

/** a · b by tables: timing depends on the operands, so never on a secret of a dealer. */
export function multiplyPublic(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  const { powers, logarithms } = TABLES;
  return powers[(logarithms[a]! + logarithms[b]!) % ORDER]!;
}

/** 1 / a by tables; a is not 0. */
export function invertPublic(a: number): number {
  const { powers, logarithms } = TABLES;
  return powers[(ORDER - logarithms[a]!) % ORDER]!;
}

interface Tables {
  readonly powers: Uint16Array;
  readonly logarithms: Uint16Array;
}

/** Powers and logarithms of x, which generates the whole group. For public abscissae only: table look-ups are not constant-time. */
const TABLES: Tables = buildTables();

function buildTables(): Tables {
  const powers = new Uint16Array(ORDER);
  const logarithms = new Uint16Array(ORDER + 1);
  for (let exponent = 0, value = 1; exponent < ORDER; exponent++) {
    powers[exponent] = value;
    logarithms[value] = exponent;
    value = multiply(value, 2);
  }
  return { powers, logarithms };
}
