/**
 * Reads an author's study: YAML beside the files it refers to, turned into one plain object, and where in which file each path lies.
 *
 * `schema: schema.yaml` becomes `data`, `model: model.yaml` becomes `model`; a problem at `model.layers[0].type` so points into
 * model.yaml. YAML 1.2 core: no custom tag, no code, no merge key; aliases are few (a "billion laughs" file is refused by the parser).
 * Leaves to others: what the study means (compileManifest of core), how problems are printed (cli/).
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { asPlexusError, PlexusError, type Code, type StudyProblem } from '@plexus/core';
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, type Document } from 'yaml';

/** A problem with the place an editor can jump to. Lines and columns count from 1. */
export interface FileProblem extends StudyProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type StudyFile =
  | {
      readonly kind: 'read';
      readonly plain: Readonly<Record<string, unknown>>;
      readonly locate: (problem: StudyProblem) => FileProblem;
    }
  | { readonly kind: 'refused'; readonly problems: readonly FileProblem[] };

interface YamlFile {
  /** As a reader would type it: beside the study file. */
  readonly name: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

type Key = string | number;

/** Which file a key of the study may stand in for, and the section it becomes. */
const REFERENCES = { schema: 'data', model: 'model' } as const;
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*\.ya?ml$/;
const MOST_BYTES = 1 << 20;

/**
 * Reads a study file and the files beside it that it names.
 *
 * Errors   operator/FILE_UNREADABLE if the study file itself cannot be read. Everything else comes back as problems, all at once:
 *          STUDY_YAML for what is not YAML, STUDY_INVALID or FILE_UNREADABLE for a reference.
 */
export function readStudyFile(path: string): StudyFile {
  const study = readYaml(path);
  const problems = syntaxProblems(study);
  const outer: unknown = problems.length > 0 ? undefined : study.document.toJS();
  if (problems.length > 0) return { kind: 'refused', problems };
  if (!isFields(outer)) {
    const text = 'expected a mapping: study, title, roster, …';
    return {
      kind: 'refused',
      problems: [place(study, [], { path: '', code: 'STUDY_YAML', text })],
    };
  }
  const plain: Record<string, unknown> = { ...outer };
  const sections = new Map<string, YamlFile>();
  for (const [key, section] of Object.entries(REFERENCES)) {
    const name = outer[key];
    if (key === 'model' && typeof name !== 'string') continue; // a model written in place
    if (name === undefined) continue;
    const note = (text: string, code: Code = 'STUDY_INVALID'): void => {
      problems.push(place(study, [key], { path: key, code, text }));
    };
    Reflect.deleteProperty(plain, key);
    if (key !== section && outer[section] !== undefined)
      note(`expected ${key} or ${section}, got both`);
    else if (typeof name !== 'string' || !FILE_NAME.test(name))
      note('expected the name of a .yaml file beside the study');
    else
      try {
        const file = readYaml(join(dirname(path), name));
        const wrong = syntaxProblems(file);
        problems.push(...wrong);
        if (wrong.length === 0) plain[section] = file.document.toJS();
        sections.set(section, file);
      } catch (thrown) {
        const { code, message } = asPlexusError(thrown, 'FILE_UNREADABLE');
        note(message, code);
      }
  }
  if (problems.length > 0) return { kind: 'refused', problems };
  return { kind: 'read', plain, locate: (problem) => locate(study, sections, problem) };
}

function readYaml(path: string): YamlFile {
  const name = basename(path);
  let text: string;
  try {
    const bytes = readFileSync(path);
    if (bytes.length > MOST_BYTES)
      throw new PlexusError('FILE_UNREADABLE', `${name}: expected at most 1 MiB`);
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (thrown) {
    if (thrown instanceof PlexusError) throw thrown;
    throw new PlexusError('FILE_UNREADABLE', `${name}: ${reasonOf(thrown)}`, { cause: thrown });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' });
  return { name, document, lines };
}

/** `ENOENT` and its like are reasons a person can act on; other texts of Node may quote paths. */
function reasonOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return code.startsWith('ERR_ENCODING') ? 'expected UTF-8' : `cannot read (${code})`;
}

function syntaxProblems(file: YamlFile): FileProblem[] {
  // a warning is an unknown tag: what would be guessed is refused
  return [...file.document.errors, ...file.document.warnings].map(({ message, pos }) => {
    const text = (message.split('\n')[0] ?? '').replace(/ at line \d+.*$/, '');
    return { path: '', code: 'STUDY_YAML', text, file: file.name, ...lineOf(file, pos[0]) };
  });
}

function locate(
  study: YamlFile,
  sections: ReadonlyMap<string, YamlFile>,
  problem: StudyProblem,
): FileProblem {
  const keys = keysOf(problem.path);
  const section = sections.get(String(keys[0]));
  return section === undefined
    ? place(study, keys, problem)
    : place(section, keys.slice(1), problem);
}

/** The position of the deepest node on the path that is there; what is missing is reported where it belongs. */
function place(file: YamlFile, keys: readonly Key[], problem: StudyProblem): FileProblem {
  let node: unknown = file.document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  let found = 0;
  for (const key of keys) {
    const pair = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key))
      : undefined;
    const child: unknown = isMap(node)
      ? pair?.value
      : isNode(node) && 'get' in node
        ? node.get(key, true)
        : undefined;
    if (isPair(pair) && isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
    const ofKey = found === keys.length - 1 && problem.text.startsWith('unknown key');
    if (isNode(child) && (isScalar(child) || pair === undefined) && !ofKey)
      offset = child.range?.[0] ?? offset;
    if (pair === undefined && !isNode(child)) break;
    node = child;
    found++;
  }
  const value = found === keys.length && isScalar(node) ? node.value : undefined;
  const got =
    value === undefined || /\bgot\b|^unknown key/.test(problem.text) ? '' : `, got ${shown(value)}`;
  const text = `${problem.text}${got}`;
  return { ...problem, text, file: file.name, ...lineOf(file, offset) };
}

function lineOf(
  file: YamlFile,
  offset: number,
): { readonly line: number; readonly column: number } {
  const { line, col } = file.lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** `model.layers[0].type` → model, layers, 0, type. */
function keysOf(path: string): readonly Key[] {
  return [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) =>
    index === undefined ? (name ?? '') : Number(index),
  );
}

/** What the author wrote, cut short: it is the author's own file on the author's own screen. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
