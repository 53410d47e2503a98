import { checkConformance, createEngine, ENGINE_CHOICES, engineProviders } from '@plexus/engine';
import { describe, expect, it } from 'vitest';
import { plainEngine } from '../core/task/plain-engine.ts';

describe('the choice of an engine', () => {
  it('takes wasm when left to itself, and says which it took', async () => {
    expect((await createEngine('auto')).id).toBe('wasm/4.22.0');
    expect((await createEngine('cpu')).id).toBe('cpu/4.22.0');
  });

  it('never falls back in silence: a named engine runs or is refused with reason and remedy', async () => {
    const tensorflow = engineProviders().find(({ name }) => name === 'tensorflow');
    const probe = await tensorflow?.probe();
    if (probe?.kind === 'ready') {
      expect((await createEngine('tensorflow')).id).toMatch(/^tensorflow\//);
      return;
    }
    const refused = createEngine('tensorflow');
    await expect(refused).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    await expect(refused).rejects.toThrow(
      /^engine tensorflow: .+ npm install @tensorflow\/tfjs-node/,
    );
  });

  it('names every choice once', () => {
    const names = engineProviders().map(({ name }) => name);
    expect([...ENGINE_CHOICES].sort()).toEqual(['auto', ...names].sort());
  });
});

describe('the known answers', () => {
  it('stop an engine whose gradient is off by a thousandth', () => {
    const plain = plainEngine();
    const wrong = {
      ...plain,
      getWeights: () => plain.getWeights().map((values) => values.map((w) => w * 1.001)),
    };
    expect(() => {
      checkConformance(wrong);
    }).toThrow(expect.objectContaining({ code: 'ENGINE_CONFORMANCE' }));
  });
});
