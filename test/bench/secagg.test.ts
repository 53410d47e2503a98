/** The bench of the secure sum runs the product's own functions and reports in the form that is documented. No time is looked at. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../bench/secagg.mjs', import.meta.url));
const number: unknown = expect.any(Number);

test('T24: the report has its form, every sum is exact, and a parameter takes 2, 3 and 4 bytes', () => {
  const only = [16, 24, 32].flatMap((f) => ['--only', `d=20000,n=5,drop=0.2,f=${String(f)}`]);
  const out = execFileSync(process.execPath, [program, '--json', ...only], { encoding: 'utf8' });
  const report = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as {
    readonly cases: readonly { readonly f: number; readonly bytesPerParam: number }[];
    readonly reference: object;
  };
  expect(report).toMatchObject({
    cases: [16, 24, 32].map((f) => ({
      ...{ d: 20_000, n: 5, drop: 0.2, f },
      ...{ clientSeconds: number, unmaskSeconds: number, nsPerWord: number },
      ...{ bytesPerParam: number, peakBytes: number },
    })),
    reference: { keystreamNsPerWord: number, memcpyNsPerWord: number },
  });
  const [f16, f24, f32] = report.cases.map(({ bytesPerParam }) => bytesPerParam);
  expect(f16).toBeLessThanOrEqual(2.01);
  expect(f24).toBeLessThanOrEqual(3.01);
  expect(f32).toBeLessThanOrEqual(4.01);
});
