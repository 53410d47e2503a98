/** What the dense engine is made of: functions of + − × ÷ against exact fractions, gradients against differences, Cox, dropout. */
import fc from 'fast-check';
import type { Activation, LayerSpec, Loss } from '@plexus/core';
import { describe, expect, it } from 'vitest';
import { ACTIVATIONS, elu, leaky } from '../../engine/src/dense/activation.ts';
import { drawMask } from '../../engine/src/dense/dropout.ts';
import { erf, exp, expm1, log, log1p, tanh } from '../../engine/src/dense/elementary.ts';
import { lossRule } from '../../engine/src/dense/loss.ts';
import { addProduct, rowMajor, transposed } from '../../engine/src/dense/multiply.ts';
import { Network } from '../../engine/src/dense/network.ts';
import { planOf } from '../../engine/src/dense/plan.ts';
import { chain, dense, numbers } from './dense-cases.ts';

const ONE = 1n << 240n;

/** A double as a whole number of 2^−240, what lies below cut off. */
function exactly(x: number): bigint {
  const scaled = x * 2 ** 120;
  const whole = Math.trunc(scaled);
  return (BigInt(whole) << 120n) + BigInt(Math.round((scaled - whole) * 2 ** 120));
}

function asNumber(fixed: bigint): number {
  const size = fixed < 0n ? -fixed : fixed;
  const bits = size.toString(2).length;
  const shift = BigInt(Math.max(0, bits - 64));
  return (fixed < 0n ? -1 : 1) * Number(size >> shift) * 2 ** (Number(shift) - 240);
}

/** e^x − 1 by Taylor's series after halving, which squaring undoes. */
function exactExpm1(x: number): bigint {
  const halvings = 12n;
  const small = exactly(x) >> halvings;
  let term = small;
  let sum = 0n;
  for (let n = 2n; term !== 0n && n < 200n; n++) {
    sum += term;
    term = (term * small) / ONE / n;
  }
  for (let i = 0n; i < halvings; i++) sum = 2n * sum + (sum * sum) / ONE;
  return sum;
}

/** The error of a value in units of its last place. */
function units(got: number, exact: bigint): number {
  if (exact === 0n) return got === 0 ? 0 : Infinity;
  const size = Math.abs(asNumber(exact));
  const unit = 2 ** (Math.floor(Math.log2(size)) - 52);
  return Math.abs(asNumber(exactly(got) - exact)) / unit;
}

const runs = { numRuns: 2000 };
const between = (min: number, max: number): fc.Arbitrary<number> =>
  fc.double({ min, max, noNaN: true }).filter((x) => Math.abs(x) > 1e-20);

describe('functions of + − × ÷', () => {
  it('exp is within 2 units in the last place, tanh within 6, expm1 within 8', () => {
    const check = (x: number): void => {
      const minusOne = exactExpm1(x);
      expect(units(exp(x), ONE + minusOne)).toBeLessThan(2);
      expect(units(expm1(x), minusOne)).toBeLessThan(8);
      const double = exactExpm1(2 * x);
      expect(units(tanh(x), (double * ONE) / (double + 2n * ONE))).toBeLessThan(6);
    };
    fc.assert(fc.property(between(-20, 20), check), runs);
    fc.assert(fc.property(between(-1, 1), check), runs);
    fc.assert(fc.property(between(-1e-6, 1e-6), check), runs);
  });

  it('log is within 1 unit in the last place, log1p within 4: exp of the exact logarithm gives them back', () => {
    // Newton: ln x = y + (x·e^−y − 1) up to the square of what is left, 2e−32
    const check = (x: number): void => {
      const y = log(x);
      const back = (exactly(x) * (ONE + exactExpm1(-y))) / ONE - ONE;
      expect(units(y, exactly(y) + back)).toBeLessThan(1);
      const z = log1p(x);
      const rest = ((ONE + exactly(x)) * (ONE + exactExpm1(-z))) / ONE - ONE;
      expect(units(z, exactly(z) + rest)).toBeLessThan(4);
    };
    fc.assert(fc.property(between(1e-7, 10), check), runs);
    fc.assert(fc.property(between(0.9, 1.1), check), runs);
    fc.assert(fc.property(between(1, 1e6), check), runs);
  });

  it('erf is right to 2e−14', () => {
    // Source: DLMF table 7.23 (i); the last digits from the series in exact fractions
    const known = [
      [0.1, 0.1124629160182849],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [3, 0.9999779095030014],
      [5, 0.9999999999984626],
    ] as const;
    for (const [x, value] of known) {
      expect(Math.abs(erf(x) / value - 1)).toBeLessThan(2e-14);
      expect(erf(-x)).toBe(-erf(x));
    }
  });

  it('give the limits at the ends of the numbers', () => {
    const least = 2 ** -1074;
    expect([exp(-746), exp(-Infinity), exp(710), exp(Infinity)]).toEqual([
      0,
      0,
      Infinity,
      Infinity,
    ]);
    expect(exp(-745)).toBe(least);
    expect(exp(709.7) / Math.exp(709.7)).toBeCloseTo(1, 12);
    expect(exp(-730) / Math.exp(-730)).toBeCloseTo(1, 7);
    expect([log(0), log(Infinity), log(1)]).toEqual([-Infinity, Infinity, 0]);
    expect(log(least)).toBeCloseTo(-744.4400719213812, 11);
    expect([tanh(-1e308), tanh(1e308), erf(1e308), erf(-Infinity)]).toEqual([-1, 1, 1, -1]);
    expect(log1p(1e308)).toBeCloseTo(Math.log(1e308), 11);
    for (const f of [exp, expm1, log, log1p, tanh, erf]) expect(f(NaN)).toBeNaN();
    expect([log(-1), tanh(0), erf(0), exp(0), expm1(0)]).toEqual([NaN, 0, 0, 1, 0]);
  });
});

describe('products', () => {
  const sizes = fc.integer({ min: 0, max: 9 });

  it('are the sums of the definition, to the bit, for any shape and stride', () => {
    const property = fc.property(
      sizes,
      sizes,
      sizes,
      fc.integer(),
      (rows, columns, depth, seed) => {
        const a = Float64Array.from(numbers(seed, rows * depth));
        const b = Float64Array.from(numbers(seed + 1, depth * columns));
        const c = Float64Array.from(numbers(seed + 2, 3 + rows * columns));
        const want = c.slice();
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++)
            for (let k = 0; k < depth; k++)
              want[3 + i * columns + j]! += a[k * rows + i]! * b[j * depth + k]!;
        const left = transposed(rowMajor(a, rows));
        const right = transposed(rowMajor(b, depth));
        addProduct(rowMajor(c, columns, 3), left, right, rows, columns, depth);
        expect(c).toEqual(want);
      },
    );
    fc.assert(property);
  });
});

const kinds = Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[];
const rules = [
  ...kinds.map((kind) => [kind, ACTIVATIONS[kind]] as const),
  ['elu 0.5', elu(0.5)] as const,
  ['leaky 0.3', leaky(0.3)] as const,
];

describe.each(rules)('the activation %s', (_, { value, slope }) => {
  it('is finite, value and slope, at every finite number', () => {
    const ends = [
      0, -0, 1e-320, -1e-320, 745, -745, 746, -746, 1e100, -1e100, 1e155, -1e155, 1e308, -1e308,
    ];
    for (const z of ends) {
      expect(Number.isFinite(value(z)), `value at ${String(z)}`).toBe(true);
      expect(Number.isFinite(slope(z, value(z))), `slope at ${String(z)}`).toBe(true);
    }
    expect(value(NaN)).toBeNaN();
  });
});

/** The gradient of the summed loss against central differences, at every weight. */
function expectGradient(layers: readonly LayerSpec[], loss: Loss, seed: number): void {
  const rows = 5;
  const network = new Network(planOf(chain(loss, ...layers), [3]));
  const { outputs, weights } = network.plan;
  const rule = lossRule(loss, outputs);
  const labels = numbers(seed + 1, rows * rule.labelWidth).map((label, i) => {
    if (loss === 'binaryCrossentropy') return label > 0 ? 1 : 0;
    if (loss === 'categoricalCrossentropy') return i % outputs === (i * 7) % 3 ? 1 : 0;
    if (loss === 'coxPartialLikelihood')
      return i % 2 === 0 ? Math.round(3 * label) : label > 0 ? 1 : 0;
    return label;
  });
  network.weights.set(numbers(seed + 2, weights, 0.7));
  network.reserve(rows);
  network.values[0]!.set(numbers(seed + 3, rows * 3, 2));
  const value = (): number =>
    rule.sum(rows, labels, network.forward(rows, seed), network.slopes.at(-1)!);
  value();
  network.backward(rows);
  network.addGradient(rows, network.gradient);
  const step = 1e-6;
  for (let k = 0; k < weights; k++) {
    const weight = network.weights[k]!;
    network.weights[k] = weight + step;
    const above = value();
    network.weights[k] = weight - step;
    const difference = (above - value()) / (2 * step);
    network.weights[k] = weight;
    const tolerance = 1e-6 * (1 + Math.abs(difference));
    expect(Math.abs(network.gradient[k]! - difference), `weight ${String(k)}`).toBeLessThan(
      tolerance,
    );
  }
}

describe('gradients against differences', () => {
  const smooth: readonly Activation[] = [
    'linear',
    'sigmoid',
    'softplus',
    'softsign',
    'tanh',
    'swish',
    'mish',
    'gelu',
    'gelu_new',
    'softmax',
    'logSoftmax',
    'elu',
  ];
  const activation = fc.constantFrom(...smooth);
  const layer = fc.oneof(
    fc
      .tuple(fc.integer({ min: 1, max: 6 }), activation, fc.boolean())
      .map((args) => dense(...args)),
    activation.map((kind): LayerSpec => ({ type: 'activation', activation: kind })),
    fc.constant<LayerSpec>({ type: 'dropout', rate: '0.4' }),
  );
  const endings: readonly (readonly [Loss, LayerSpec])[] = [
    ['binaryCrossentropy', dense(1, 'sigmoid')],
    ['categoricalCrossentropy', dense(3, 'softmax')],
    ['meanSquaredError', dense(2)],
    ['meanAbsoluteError', dense(1, 'linear', false)],
    ['huber', dense(2)],
    ['poisson', dense(1, 'softplus')],
    ['coxPartialLikelihood', dense(1)],
  ];

  it.each(endings)('of %s agree for random chains', (loss, last) => {
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 4 }), fc.nat(), (layers, seed) => {
        expectGradient([...layers, last], loss, seed);
      }),
      { numRuns: 60 },
    );
  });
});

describe('Cox’s partial likelihood', () => {
  /** [time, event, h] by the definition, n². */
  const plain = (patients: readonly (readonly [number, number, number])[]): number =>
    patients.reduce((sum, [time, event, h]) => {
      if (event === 0) return sum;
      const atRisk = patients.filter(([other]) => other >= time).map(([, , g]) => Math.exp(g));
      return sum + Math.log(atRisk.reduce((a, b) => a + b)) - h;
    }, 0);
  const run = (
    patients: readonly (readonly [number, number, number])[],
  ): [number, Float64Array] => {
    const labels = Float32Array.from(patients.flatMap(([time, event]) => [time, event]));
    const gradient = new Float64Array(patients.length);
    const h = Float64Array.from(patients, ([, , value]) => value);
    return [
      lossRule('coxPartialLikelihood', 1).sum(patients.length, labels, h, gradient),
      gradient,
    ];
  };

  it('is the sum of the definition, ties as Breslow takes them', () => {
    const patient = fc.tuple(
      fc.integer({ min: 0, max: 8 }),
      fc.integer({ min: 0, max: 1 }),
      between(-5, 5),
    );
    fc.assert(
      fc.property(fc.array(patient, { minLength: 1, maxLength: 40 }), (patients) => {
        const [value, gradient] = run(patients);
        expect(value).toBeCloseTo(plain(patients), 9);
        expect(gradient.reduce((a, b) => a + b)).toBeCloseTo(0, 9); // only differences of h count
      }),
    );
  });

  it('is 0 without events, and finite for log-hazards whose exponentials are not', () => {
    expect(
      run([
        [1, 0, 3],
        [2, 0, -1],
      ]),
    ).toEqual([0, new Float64Array(2)]);
    const [value, gradient] = run([
      [1, 1, 2000],
      [2, 1, -2000],
      [3, 0, 1999],
    ]);
    expect(value).toBeCloseTo(Math.log(1 + Math.exp(-1)) + 3999, 9);
    expect(gradient[1]).toBeCloseTo(-1, 12);
    expect([...gradient].every(Number.isFinite)).toBe(true);
    expect(
      run([
        [NaN, 1, 0],
        [2, 1, 1],
      ])[0],
    ).toBeNaN();
  });
});

describe('dropout', () => {
  const mask = (seed: number, layer: number, rate = 0.25): Float64Array => {
    const drawn = new Float64Array(40_000);
    drawMask(drawn, drawn.length, rate, seed, layer);
    return drawn;
  };

  it('draws from the step’s seed and the layer alone', () => {
    expect(mask(7, 1)).toEqual(mask(7, 1));
    expect(mask(7, 1)).not.toEqual(mask(8, 1));
    expect(mask(7, 1)).not.toEqual(mask(7, 2));
  });

  it('drops its share, neighbours and equal places of other seeds apart from each other', () => {
    // 40,000 draws at rate 1/4: standard deviation of a share 0.0022, so 5 of them are a false alarm in 2 million
    for (const seed of [0, 1, 2 ** 32 - 1]) {
      const drawn = mask(seed, 3);
      const shareOf = (isDropped: (i: number) => boolean): number =>
        drawn.reduce((sum, _, i) => sum + (isDropped(i) ? 1 : 0), 0) / drawn.length;
      expect(new Set(drawn)).toEqual(new Set([0, 4 / 3]));
      expect(Math.abs(shareOf((i) => drawn[i] === 0) - 1 / 4)).toBeLessThan(0.011);
      expect(Math.abs(shareOf((i) => drawn[i] === 0 && drawn[i + 1] === 0) - 1 / 16)).toBeLessThan(
        0.008,
      );
      const other = mask(seed ^ 1, 3);
      expect(Math.abs(shareOf((i) => drawn[i] === 0 && other[i] === 0) - 1 / 16)).toBeLessThan(
        0.008,
      );
    }
  });
});
