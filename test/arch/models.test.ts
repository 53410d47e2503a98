/** docs/models.md names everything that a study may name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LAYER_TYPES, parseModel, oneInput } from '@plexus/core';
import { expect, it } from 'vitest';
import { projectRoot } from './project.ts';

const page = readFileSync(join(projectRoot, 'docs', 'models.md'), 'utf8');

it.each(LAYER_TYPES)('the page of models names %s', (type) => {
  expect(page).toContain(`\`${type}\``);
});

it.each(['activation', 'loss'])('and every %s', (key) => {
  const wrong = { type: 'dense', units: 1, activation: key === 'activation' ? '?' : 'linear' };
  const model = { name: 'm', loss: key === 'loss' ? '?' : 'huber', layers: [wrong] };
  const parsed = parseModel(model, oneInput([1]), 'model');
  const [problem] = parsed.kind === 'refused' ? parsed.problems : [];
  const names = problem?.text.replace('expected one of ', '').split(', ') ?? [];
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) expect(page).toContain(name);
});
