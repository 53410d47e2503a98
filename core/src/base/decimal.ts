/**
 * Decimal strings: how a fraction travels in canonical JSON. One number has one spelling, so equal manifests have equal digests.
 *
 * Canonical: optional minus, no leading zero, no trailing zero after the point, no exponent, no minus zero: `-2.6`, `0`, `0.01`.
 * Source: audit-log.md section 4 (no fraction in canonical JSON). Leaves to others: what a number means.
 */

const CANONICAL = /^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$/;
const WRITTEN = /^([+-]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?$/;

/** The canonical spelling of a finite number or a decimal text of an author; undefined for anything else. */
export function canonicalDecimal(value: unknown): string | undefined {
  const written = typeof value === 'number' ? String(value) : value;
  if (typeof written !== 'string') return undefined;
  const match = WRITTEN.exec(written);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const shift = Number(exponent);
  const digits = whole + fraction;
  const point = whole.length + shift;
  const padded =
    point <= 0
      ? '0'.repeat(1 - point) + digits
      : digits + '0'.repeat(Math.max(0, point - digits.length));
  const at = Math.max(point, 1);
  const integer = padded.slice(0, at).replace(/^0+(?=[0-9])/, '');
  const rest = padded.slice(at).replace(/0+$/, '');
  const text = rest === '' ? integer : `${integer}.${rest}`;
  return sign === '-' && text !== '0' ? `-${text}` : text;
}

export function isCanonicalDecimal(text: string): boolean {
  return CANONICAL.test(text) && text !== '-0';
}
