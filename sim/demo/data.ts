/**
 * The demo's patients: the four UCI files from a folder or the archive, else a seeded synthetic stand-in that is named as such.
 *
 * Writes for each hospital its CSV and, beside it, the split of training and test patients (`row,side`). The benchmark's split names
 * lines of the archive's files, so files of other bytes are refused, not guessed at. Leaves to others: reading rows (node-agent).
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlexusError } from '@plexus/core';
import { ARCHIVE, fileOf, HOSPITALS, PINNED, type HospitalName } from './hospitals.js';
import { syntheticHospital } from './synthetic.js';

export interface DemoHospital {
  readonly csv: string;
  readonly split: string;
}

export interface DemoData {
  readonly kind: 'uci-heart' | 'synthetic';
  /** In words, for a person. */
  readonly source: string;
  readonly hospitals: Readonly<Record<HospitalName, DemoHospital>>;
}

export interface DataOptions {
  /** The project's folder. */
  readonly root: string;
  /** What the user named; then nothing else is tried. */
  readonly dir?: string;
  /** Folder for the files that are written. */
  readonly into: string;
  readonly say: (line: string) => void;
  /** Where the archive is, and how long it may take; for tests. */
  readonly archive?: string;
  readonly downloadMs?: number;
}

const DOWNLOAD_MS = 10_000;
const MAX_FILE_BYTES = 1 << 20;

type Texts = Readonly<Record<HospitalName, string>>;
/** Line numbers from 1, by side. */
type Split = Readonly<Record<HospitalName, Readonly<Record<string, readonly number[]>>>>;

/** Errors: operator/DEMO_DATA if a folder that was named lacks a file or holds another; environment/FILE_UNWRITABLE. */
export async function prepareData(options: DataOptions): Promise<DemoData> {
  const { root, into } = options;
  const split = readSplit(root);
  const real = (texts: Texts, where: string): DemoData => ({
    kind: 'uci-heart',
    source: `UCI heart disease, four hospitals (${where})`,
    hospitals: write(into, split, texts),
  });
  const named = options.dir ?? process.env['PLEXUS_DATA'];
  // somebody who names a folder wants that one: a quiet substitute would show other numbers
  if (named !== undefined && named !== '') return real(readFolder(named), named);
  const beside = join(root, '..', 'shared', 'data', 'uci-heart');
  if (existsSync(join(beside, fileOf('cleveland')))) return real(readFolder(beside), beside);
  const downloaded = await download(options);
  if (downloaded !== undefined) return real(downloaded, options.archive ?? ARCHIVE);
  return syntheticData(root, into);
}

/** The made-up hospitals, whatever else there is. Errors: environment/FILE_UNWRITABLE. */
export function syntheticData(root: string, into: string): DemoData {
  const split = readSplit(root);
  const made = byHospital((hospital) =>
    syntheticHospital(hospital, new Set(Object.values(split[hospital]).flat())),
  );
  return {
    kind: 'synthetic',
    source:
      'SYNTHETIC patients, made up by this program: the figures below say nothing about medicine',
    hospitals: write(into, split, made),
  };
}

function readFolder(folder: string): Texts {
  return byHospital((hospital) => {
    const path = join(folder, fileOf(hospital));
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch (cause) {
      throw new PlexusError(
        'DEMO_DATA',
        `${path}: expected the file of the UCI archive, found none`,
        {
          cause,
        },
      );
    }
    requirePinned(path, hospital, bytes);
    return bytes.toString('utf8');
  });
}

/** Undefined when the archive does not give its files in time: the demo goes on with synthetic patients, and says so. */
async function download(options: DataOptions): Promise<Texts | undefined> {
  const { say, archive = ARCHIVE, downloadMs = DOWNLOAD_MS } = options;
  say(`data         fetching the UCI files from ${new URL(archive).host}`);
  const signal = AbortSignal.timeout(downloadMs); // of all four together
  try {
    const texts = await Promise.all(
      HOSPITALS.map(async (hospital) => {
        const url = `${archive}/${fileOf(hospital)}`;
        const bytes = await fetchFile(url, signal);
        requirePinned(url, hospital, bytes);
        return [hospital, bytes.toString('utf8')] as const;
      }),
    );
    return Object.fromEntries(texts) as Texts; // one for each hospital
  } catch (thrown) {
    // other bytes too: a firewall likes to answer with a page of its own
    const text = thrown instanceof Error ? reasonOf(thrown) : 'no answer';
    say(`data         the archive does not give the files (${text})`);
    return undefined;
  }
}

async function fetchFile(url: string, signal: AbortSignal): Promise<Buffer> {
  const answer = await fetch(url, { signal });
  if (!answer.ok || answer.body === null)
    throw new Error(`${url}: status ${String(answer.status)}`);
  const body: AsyncIterable<Uint8Array> = answer.body;
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    pieces.push(piece);
    size += piece.length;
    // whoever answers in place of the archive may never stop
    if (size > MAX_FILE_BYTES) throw new Error(`${url}: more than 1 MiB`);
  }
  return Buffer.concat(pieces);
}

/** Node says `fetch failed` and keeps what a person can act on in the cause. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : message;
}

function requirePinned(place: string, hospital: HospitalName, bytes: Buffer): void {
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== PINNED[hospital])
    throw new PlexusError(
      'DEMO_DATA',
      `${place}: expected SHA-256 ${PINNED[hospital]}, got ${digest}`,
    );
}

function readSplit(root: string): Split {
  // a file of this project: the tests of models/ keep its form
  return JSON.parse(
    readFileSync(join(root, 'models', 'heart-disease', 'split.json'), 'utf8'),
  ) as Split;
}

function write(into: string, split: Split, texts: Texts): DemoData['hospitals'] {
  return byHospital((hospital) => {
    const sides = Object.entries(split[hospital]).flatMap(([side, rows]) =>
      rows.map((row) => `${String(row)},${side}`),
    );
    return writeHospital(into, hospital, texts[hospital], sides);
  });
}

function writeHospital(
  into: string,
  hospital: HospitalName,
  csv: string,
  sides: readonly string[],
): DemoHospital {
  const folder = join(into, hospital);
  const paths = { csv: join(folder, 'patients.csv'), split: join(folder, 'split.csv') };
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(paths.csv, csv);
    writeFileSync(paths.split, ['row,side', ...sides, ''].join('\n'));
  } catch (cause) {
    throw new PlexusError('FILE_UNWRITABLE', `${folder}: cannot be written`, { cause });
  }
  return paths;
}

function byHospital<T>(of: (hospital: HospitalName) => T): Readonly<Record<HospitalName, T>> {
  return {
    cleveland: of('cleveland'),
    hungarian: of('hungarian'),
    switzerland: of('switzerland'),
    va: of('va'),
  };
}
