/** Equal calls give equal bytes, wherever they run. Over versions of Node: versions.long.test.ts. */
import { describe, expect, it } from 'vitest';
import { digestInProcess, digestInThread } from './engine-runs.ts';

describe.each(['dense', 'wasm'])('the %s engine', (engine) => {
  it('gives the same bytes in two processes and in a worker thread', async () => {
    const [first, second, third] = await Promise.all([
      digestInProcess(process.execPath, engine),
      digestInProcess(process.execPath, engine),
      digestInThread(engine),
    ]);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect([second, third]).toEqual([first, first]);
  });
});
