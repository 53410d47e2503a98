/**
 * A fetched model as a folder: a standard tfjs LayersModel, the state it was made from, the manifest, and a card for people and programs.
 *
 * Leaves to others: the format of model.json (layersModelFiles of core), getting the bytes (client.ts).
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import {
  asPlexusError,
  decodeTensors,
  inputShape,
  hex,
  layersModelFiles,
  manifestBytes,
  parseManifest,
  PlexusError,
  type Manifest,
  type ModelSpec,
  type Suite,
  type TaskState,
} from '@plexus/core';
import { cardMarkdown, modelCard, sectionsOf, type Release } from './model-card.js';

export interface ModelFolder {
  readonly manifest: Manifest;
  readonly model: ModelSpec;
  readonly state: TaskState;
}

const FILES = {
  manifest: 'manifest.json',
  state: 'state.plexus',
  card: 'model-card.json',
} as const;

/**
 * Writes the folder, all of it or nothing: it is built beside its place and moved there.
 *
 * Shapes   stateBytes: the canonical bytes whose digest the log calls model_out.
 * Errors   operator/FILE_EXISTS if something is there; operator/FILE_UNWRITABLE; peer/ENCODING_INVALID if the state is not one.
 */
export function writeModelFolder(
  suite: Suite,
  folder: string,
  manifest: Manifest,
  stateBytes: Uint8Array,
  release: Release,
): void {
  if (existsSync(folder))
    throw new PlexusError('FILE_EXISTS', `${folder}: expected a name that is free`);
  const state = decodeTensors(stateBytes);
  const { model } = sectionsOf(manifest);
  const { modelJson, weightsBin } = layersModelFiles(
    model,
    state,
    inputShape({ schema: manifest.data }),
  );
  const manifestFile = manifestBytes(manifest);
  const digests = {
    manifest: hex(suite.sha256(manifestFile)),
    model: hex(suite.sha256(stateBytes)),
  };
  const card = JSON.stringify(modelCard(manifest, digests, state, release), undefined, 2);
  let building: string | undefined;
  try {
    mkdirSync(dirname(folder), { recursive: true });
    building = mkdtempSync(`${folder}.part-`);
    writeFileSync(join(building, 'model.json'), modelJson);
    writeFileSync(join(building, 'weights.bin'), weightsBin);
    writeFileSync(join(building, FILES.state), stateBytes);
    writeFileSync(join(building, FILES.manifest), manifestFile);
    writeFileSync(join(building, FILES.card), `${card}\n`);
    writeFileSync(join(building, 'card.md'), cardMarkdown(manifest, digests, release));
    renameSync(building, folder); // from here the folder is complete
  } catch (thrown) {
    if (building !== undefined) rmSync(building, { recursive: true, force: true });
    throw asPlexusError(thrown, 'FILE_UNWRITABLE');
  }
}

/**
 * Reads a folder for prediction and compares its digests with the card.
 *
 * Errors   operator/MODEL_FOLDER_INVALID, naming the file. What is inside may come from anywhere, so every part is parsed strictly.
 */
export function readModelFolder(suite: Suite, folder: string): ModelFolder {
  const stateBytes = readPart(folder, FILES.state);
  const manifestFile = readPart(folder, FILES.manifest);
  const card = readPart(folder, FILES.card);
  const named = digestsOf(card);
  if (named.model !== hex(suite.sha256(stateBytes))) throw mismatch(FILES.state);
  if (named.manifest !== hex(suite.sha256(manifestFile))) throw mismatch(FILES.manifest);
  try {
    const manifest = parseManifest(manifestFile);
    return { manifest, model: sectionsOf(manifest).model, state: decodeTensors(stateBytes) };
  } catch (cause) {
    const { message } = asPlexusError(cause, 'MODEL_FOLDER_INVALID');
    throw new PlexusError('MODEL_FOLDER_INVALID', message, { cause });
  }
}

function readPart(folder: string, name: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(join(folder, name)));
  } catch (cause) {
    throw new PlexusError('MODEL_FOLDER_INVALID', `${name}: cannot read it`, { cause });
  }
}

function digestsOf(card: Uint8Array): { readonly model?: unknown; readonly manifest?: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(card));
  } catch (cause) {
    throw new PlexusError('MODEL_FOLDER_INVALID', `${FILES.card}: expected JSON`, { cause });
  }
  return { model: sha256In(value, 'model'), manifest: sha256In(value, 'manifest') };
}

function sha256In(card: unknown, key: string): unknown {
  const part: unknown = isFields(card) ? card[key] : undefined;
  return isFields(part) ? part['sha256'] : undefined;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function mismatch(name: string): PlexusError {
  return new PlexusError('MODEL_FOLDER_INVALID', `${name}: expected the digest of ${FILES.card}`);
}
