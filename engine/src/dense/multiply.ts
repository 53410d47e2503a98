/**
 * The one product of matrices that everything here is made of: forward pass, deltas and gradients differ in their strides only.
 *
 * A number of the result is summed in the order of `depth`, whatever the blocking, so that a row's result does not depend on the rows
 * beside it. Blocks of 4 × 2 keep eight sums in registers.
 */

/** Entry (i, j) is values[start + i·down + j·across]. */
export interface Matrix {
  readonly values: Float64Array;
  readonly start: number;
  readonly down: number;
  readonly across: number;
}

export function rowMajor(values: Float64Array, columns: number, start = 0): Matrix {
  return { values, start, down: columns, across: 1 };
}

export function transposed({ values, start, down, across }: Matrix): Matrix {
  return { values, start, down: across, across: down };
}

/** C += A·B. Shapes: A: rows × depth. B: depth × columns. C: rows × columns. */
export function addProduct(
  c: Matrix,
  a: Matrix,
  b: Matrix,
  rows: number,
  columns: number,
  depth: number,
): void {
  const evenRows = rows - (rows % 4);
  const evenColumns = columns - (columns % 2);
  for (let i = 0; i < evenRows; i += 4)
    for (let j = 0; j < evenColumns; j += 2) addBlock(c, a, b, i, j, depth);
  for (let i = 0; i < rows; i++)
    for (let j = i < evenRows ? evenColumns : 0; j < columns; j++) addOne(c, a, b, i, j, depth);
}

/** Whole numbers cut to 32 bits need no check for overflow: 1.4 times as fast. */
function addBlock(c: Matrix, a: Matrix, b: Matrix, i: number, j: number, depth: number): void {
  const { values: av, down: aDown, across: aStep } = a;
  const { values: bv, down: bStep, across: bAcross } = b;
  const { values: cv, down: cDown, across: cAcross } = c;
  const c00 = (c.start + i * cDown + j * cAcross) | 0;
  const c10 = (c00 + cDown) | 0;
  const c20 = (c10 + cDown) | 0;
  const c30 = (c20 + cDown) | 0;
  let s00 = cv[c00]!;
  let s01 = cv[c00 + cAcross]!;
  let s10 = cv[c10]!;
  let s11 = cv[c10 + cAcross]!;
  let s20 = cv[c20]!;
  let s21 = cv[c20 + cAcross]!;
  let s30 = cv[c30]!;
  let s31 = cv[c30 + cAcross]!;
  let a0 = (a.start + i * aDown) | 0;
  let a1 = (a0 + aDown) | 0;
  let a2 = (a1 + aDown) | 0;
  let a3 = (a2 + aDown) | 0;
  let b0 = (b.start + j * bAcross) | 0;
  let b1 = (b0 + bAcross) | 0;
  for (let k = 0; k < depth; k++) {
    const left = bv[b0]!;
    const right = bv[b1]!;
    const first = av[a0]!;
    s00 += first * left;
    s01 += first * right;
    const second = av[a1]!;
    s10 += second * left;
    s11 += second * right;
    const third = av[a2]!;
    s20 += third * left;
    s21 += third * right;
    const fourth = av[a3]!;
    s30 += fourth * left;
    s31 += fourth * right;
    a0 = (a0 + aStep) | 0;
    a1 = (a1 + aStep) | 0;
    a2 = (a2 + aStep) | 0;
    a3 = (a3 + aStep) | 0;
    b0 = (b0 + bStep) | 0;
    b1 = (b1 + bStep) | 0;
  }
  cv[c00] = s00;
  cv[c00 + cAcross] = s01;
  cv[c10] = s10;
  cv[c10 + cAcross] = s11;
  cv[c20] = s20;
  cv[c20 + cAcross] = s21;
  cv[c30] = s30;
  cv[c30 + cAcross] = s31;
}

function addOne(c: Matrix, a: Matrix, b: Matrix, i: number, j: number, depth: number): void {
  const { values: av, across: aStep } = a;
  const { values: bv, down: bStep } = b;
  const at = c.start + i * c.down + j * c.across;
  let ak = a.start + i * a.down;
  let bk = b.start + j * b.across;
  let sum = c.values[at]!;
  for (let k = 0; k < depth; k++) {
    sum += av[ak]! * bv[bk]!;
    ak += aStep;
    bk += bStep;
  }
  c.values[at] = sum;
}
