/**
 * exp, log, tanh and erf from + − × ÷ alone, so that training gives the same bytes on every machine.
 *
 * ECMAScript leaves the last digits of Math.exp, Math.log and Math.tanh to the implementation, and a compiler that fuses × and + moves
 * them between processors; its four operations are IEEE 754 to the bit. Source: the series named at each function; ADR 6.
 */

/** ln 2 in two parts; the first has 32 zero bits at its end, so that its product with an exponent is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const LOG2_E = 1.4426950408889634;
const SQRT_2 = 1.4142135623730951;
const TWO_OVER_SQRT_PI = 1.1283791670955126;

const LEAST_EXPONENT = -1022;
const MOST_EXPONENT = 1023;
/** 2^−1022 to 2^1023, each exact. */
const POWERS = powersOfTwo();
const WORD = new DataView(new ArrayBuffer(8));

/** Within 2 units in the last place. */
export function exp(x: number): number {
  if (!(x > -745.2)) return x <= -745.2 ? 0 : NaN;
  if (x > 709.79) return Infinity;
  const k = Math.floor(x * LOG2_E + 0.5);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const y = 1 + ((2 * r) / (rCoth(r * r) - r) + (high - r - low));
  if (k > MOST_EXPONENT) return y * 2 * power(MOST_EXPONENT);
  return k >= LEAST_EXPONENT ? y * power(k) : y * power(k + 64) * power(-64);
}

/** e^x − 1. Within 8 units in the last place. */
export function expm1(x: number): number {
  return Math.abs(x) < 0.34 ? (2 * x) / (rCoth(x * x) - x) : exp(x) - 1;
}

/** Within 6 units in the last place. */
export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size < 0.17) return (2 * x) / rCoth(4 * x * x);
  if (size > 20) return x < 0 ? -1 : 1;
  const e = exp(2 * size);
  const value = (e - 1) / (e + 1);
  return x < 0 ? -value : value;
}

/** 1 ÷ (1 + e^−x) */
export function sigmoid(x: number): number {
  return 1 / (1 + exp(-x));
}

/** ln x = e·ln 2 + 2·artanh s, s = (m − 1) ÷ (m + 1), x = m·2^e with m between √½ and √2. Within 1 unit in the last place. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return Infinity;
  const isTiny = x < 1e-300;
  const normal = isTiny ? x * power(64) : x;
  WORD.setFloat64(0, normal, true);
  let e = (WORD.getInt32(4, true) >> 20) - 1023;
  let m = normal * 0.5 * power(1 - e);
  if (isTiny) e -= 64;
  if (m > SQRT_2) {
    m /= 2;
    e += 1;
  }
  const f = m - 1;
  const s = f / (2 + f);
  // 2s = f − s·f, and f is exact
  const rest = s * (f - artanhRest(s * s)) - e * LN2_LOW;
  return e * LN2_HIGH - (rest - f);
}

/** ln(1 + x) for x ≥ 0. Within 4 units in the last place. Source: the correction for 1 + x rounded is Kahan's. */
export function log1p(x: number): number {
  const sum = 1 + x;
  if (sum === 1 || sum === Infinity) return x;
  return log(sum) * (x / (sum - 1));
}

/** ln(1 + e^x), for any x. */
export function softplus(x: number): number {
  return Math.max(x, 0) + log1p(exp(-Math.abs(x)));
}

/** 2 ÷ √π · e^(−x²) · Σ 2^n x^(2n+1) ÷ (2n+1)!!, whose terms have one sign. Relative error below 2e−14. Source: DLMF 7.6.2. */
export function erf(x: number): number {
  if (!(Math.abs(x) < 6)) return x >= 6 ? 1 : x <= -6 ? -1 : NaN;
  const square = x * x;
  let term = 1;
  let sum = 1;
  for (let odd = 3; term > sum * 1e-17; odd += 2) {
    term *= (2 * square) / odd;
    sum += term;
  }
  return TWO_OVER_SQRT_PI * exp(-square) * x * sum;
}

/** e^(−x²÷2) ÷ √(2π) */
export function normalDensity(x: number): number {
  return 0.3989422804014327 * exp(-0.5 * x * x);
}

/**
 * r·coth(r ÷ 2) = Σ 2·B(2n)·r^2n ÷ (2n)! from r², for |r| ≤ 0.35; what is left out is below 2e−17.
 *
 * e^r = 1 + 2r ÷ (r·coth(r ÷ 2) − r), and tanh(r ÷ 2) = r ÷ (r·coth(r ÷ 2)). Source: DLMF 4.33, 24.2.
 */
function rCoth(t: number): number {
  const upper = 1 / 23950080 - (t * 691) / 653837184000;
  return 2 + t * (1 / 6 + t * (-1 / 360 + t * (1 / 15120 + t * (-1 / 604800 + t * upper))));
}

/** 2·(artanh(s) ÷ s − 1) from s², for |s| ≤ 0.172; what is left out is below 1e−18. */
function artanhRest(z: number): number {
  const upper = 1 / 15 + z * (1 / 17 + z * (1 / 19 + z * (1 / 21 + z * (1 / 23))));
  const middle = 1 / 9 + z * (1 / 11 + z * (1 / 13 + z * upper));
  return 2 * z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * middle)));
}

function power(exponent: number): number {
  return POWERS[exponent - LEAST_EXPONENT]!;
}

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(MOST_EXPONENT - LEAST_EXPONENT + 1);
  powers[-LEAST_EXPONENT] = 1;
  for (let i = -LEAST_EXPONENT + 1; i < powers.length; i++) powers[i] = powers[i - 1]! * 2;
  for (let i = -LEAST_EXPONENT - 1; i >= 0; i--) powers[i] = powers[i + 1]! / 2;
  return powers;
}
