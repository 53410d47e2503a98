/**
 * Shamir's sharing of a 32-byte secret: 16 elements of GF(2^16), one polynomial each.
 *
 * Fewer than t shares say nothing about the secret. The abscissa of a share is the roster index of its receiver, never 0.
 * Source: Shamir 1979; secure-aggregation.md section 8. Leaves to others: commitments that name a liar (sharing.ts).
 */
import { concat, type Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';
import { invertPublic, multiply, multiplyPublic } from './field.js';

export const SECRET_BYTES = 32;
const ELEMENTS = SECRET_BYTES / 2;

export interface Share {
  /** Roster index of the receiver. */
  readonly abscissa: number;
  /** 32 bytes. Secret until it is released. */
  readonly share: Bytes;
}

/**
 * Evaluates secret + Σ_d coefficient_d · x^d at every abscissa, in constant time in secret and coefficients.
 *
 * Shapes   secret: 32 bytes. coefficients: (threshold − 1) · 32 bytes, degree 1 first, elements big-endian.
 * Errors   bug/SHARES_INVALID: threshold below 2 or above the number of receivers; abscissa 0, repeated or above 65535.
 * Secret   secret, coefficients, every share.
 */
export function splitSecret(
  secret: Bytes,
  coefficients: Bytes,
  threshold: number,
  abscissae: readonly number[],
): readonly Share[] {
  if (secret.length !== SECRET_BYTES) throw invalid('secret: expected 32 bytes');
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > abscissae.length)
    throw invalid(`threshold: expected 2..${String(abscissae.length)}, got ${String(threshold)}`);
  if (coefficients.length !== (threshold - 1) * SECRET_BYTES)
    throw invalid('coefficients: expected 32 bytes for every degree');
  requireAbscissae(abscissae);
  const polynomial = elements(concat(secret, coefficients));
  return abscissae.map((abscissa) => ({ abscissa, share: evaluate(polynomial, abscissa) }));
}

/**
 * The secret at 0 of the polynomial through all shares given; the caller hands in exactly t of them.
 *
 * Errors   bug/SHARES_INVALID: no share, a wrong length, abscissa 0 or repeated.
 */
export function rebuildSecret(shares: readonly Share[]): Bytes {
  if (shares.length === 0 || shares.some(({ share }) => share.length !== SECRET_BYTES))
    throw invalid('shares: expected at least one, of 32 bytes each');
  const weights = weightsAtZero(shares.map(({ abscissa }) => abscissa));
  const sum = new Uint16Array(ELEMENTS);
  shares.forEach(({ share }, i) => {
    const weight = weights[i]!;
    elements(share).forEach((element, e) => {
      sum[e] = sum[e]! ^ multiplyPublic(weight, element);
    });
  });
  return bytesOf(sum);
}

/** Lagrange weights: Π_{j≠i} x_j / (x_j − x_i); the difference is XOR. */
function weightsAtZero(abscissae: readonly number[]): readonly number[] {
  requireAbscissae(abscissae);
  return abscissae.map((xi, i) => {
    let numerator = 1;
    let denominator = 1;
    abscissae.forEach((xj, j) => {
      if (j === i) return;
      numerator = multiplyPublic(numerator, xj);
      denominator = multiplyPublic(denominator, xj ^ xi);
    });
    return multiplyPublic(numerator, invertPublic(denominator));
  });
}

/** Horner's rule, all 16 polynomials; `polynomial` holds degree 0 first, 16 elements a degree. */
function evaluate(polynomial: Uint16Array, abscissa: number): Bytes {
  const value = polynomial.slice(-ELEMENTS);
  for (let at = polynomial.length - 2 * ELEMENTS; at >= 0; at -= ELEMENTS)
    for (let e = 0; e < ELEMENTS; e++)
      value[e] = multiply(value[e]!, abscissa) ^ polynomial[at + e]!;
  return bytesOf(value);
}

function elements(bytes: Bytes): Uint16Array {
  const out = new Uint16Array(bytes.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = (bytes[2 * i]! << 8) | bytes[2 * i + 1]!;
  return out;
}

function bytesOf(values: Uint16Array): Bytes {
  const out = new Uint8Array(2 * values.length);
  values.forEach((value, i) => {
    out[2 * i] = value >> 8;
    out[2 * i + 1] = value & 255;
  });
  return out;
}

/** Abscissa 0 is the secret itself, and a repeated one would divide by zero. */
function requireAbscissae(abscissae: readonly number[]): void {
  if (abscissae.some((x) => !Number.isInteger(x) || x < 1 || x > 0xffff))
    throw invalid('abscissae: expected integers in 1..65535');
  if (new Set(abscissae).size !== abscissae.length) throw invalid('abscissae: expected no repeats');
}

function invalid(message: string): PlexusError {
  return new PlexusError('SHARES_INVALID', message);
}
