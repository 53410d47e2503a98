/**
 * What each engine cannot train, as data: whoever validates a study asks here before a hospital loads the model.
 *
 * Source: engine.md "What stock tfjs gets wrong"; the reference cases that fail on an engine. Leaves to others: layers that no engine
 * can train (core's refused.ts).
 */
import type { LayerSpec, LayerType, Problem, ModelSpec } from '@plexus/core';
import { layerName } from '@plexus/core';
import { firstUnknown } from './dense/plan.js';
import type { EngineName, TfjsName } from './provider.js';

interface Limit {
  readonly isHit: (layer: LayerSpec) => boolean;
  readonly reason: string;
}

/** Types that slide a filter over their input. */
const CONVOLUTIONS: readonly LayerType[] = [
  'conv1d',
  'conv2d',
  'conv2dTranspose',
  'depthwiseConv2d',
  'separableConv2d',
];

const LIMITS: Readonly<Record<TfjsName, readonly Limit[]>> = {
  tensorflow: [],
  wasm: [],
  cpu: [
    { isHit: isConvolution, reason: 'convolutions take a hundred times as long there' },
    {
      isHit: ({ type }) => type === 'embedding',
      reason: 'embeddings take a hundred times as long there',
    },
    {
      isHit: (layer) =>
        (layer.type === 'averagePooling1d' || layer.type === 'averagePooling2d') &&
        layer.padding === 'same',
      reason: 'its gradient of average pooling with padding same is wrong',
    },
    {
      isHit: ({ type }) => type === 'upSampling2d',
      reason: 'its gradients of up-sampling are wrong',
    },
  ],
};

const CHAINS = 'it takes a chain of dense, activation and dropout layers';

/** Problems with LAYER_NOT_SUPPORTED_ON_ENGINE, at most one a layer. Errors: none thrown. */
export function capabilityProblems(
  engine: EngineName,
  model: ModelSpec,
  path: string,
): readonly Problem[] {
  const unchained = engine === 'dense' ? firstUnknown(model) : -1;
  return model.layers.flatMap((layer, i): readonly Problem[] => {
    const limit = engine === 'dense' ? undefined : LIMITS[engine].find(({ isHit }) => isHit(layer));
    const reason = i === unchained ? CHAINS : limit?.reason;
    if (reason === undefined) return [];
    const text = `expected a layer that the engine ${engine} can train, got ${layer.type} ${layerName(layer, i)}: ${reason}; choose engine auto or wasm`;
    return [{ path: `${path}.layers[${String(i)}]`, code: 'LAYER_NOT_SUPPORTED_ON_ENGINE', text }];
  });
}

export function hasConvolutions({ layers }: ModelSpec): boolean {
  return layers.some(isConvolution);
}

function isConvolution(layer: LayerSpec): boolean {
  if (layer.type === 'timeDistributed') return isConvolution(layer.layer);
  return CONVOLUTIONS.includes(layer.type);
}
