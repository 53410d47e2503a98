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
}

const DOWNLOAD_MS = 10_000;

type Texts = Readonly<Record<HospitalName, string>>;

/** Errors: operator/DEMO_DATA if a folder that was named lacks a file or holds another; environment/FILE_UNWRITABLE. */
export async function prepareData(options: DataOptions): Promise<DemoData> {
  const { root, into } = options;
  const named = options.dir ?? process.env['PLEXUS_DATA'];
  if (named !== undefined) return write(into, root, readFolder(named), named);
  const beside = join(root, '..', 'shared', 'data', 'uci-heart');
  if (existsSync(join(beside, fileOf('cleveland'))))
    return write(into, root, readFolder(beside), beside);
  const downloaded = await download(options);
  if (downloaded !== undefined) return write(into, root, downloaded, ARCHIVE);
  return writeSynthetic(into);
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

/** Undefined when the archive cannot be reached in time: the demo goes on with synthetic patients, and says so. */
async function download({ say }: DataOptions): Promise<Texts | undefined> {
  say(`data         fetching the UCI files from ${new URL(ARCHIVE).host}`);
  const signal = AbortSignal.timeout(DOWNLOAD_MS);
  try {
    const texts = await Promise.all(
      HOSPITALS.map(async (hospital) => {
        const url = `${ARCHIVE}/${fileOf(hospital)}`;
        const answer = await fetch(url, { signal });
        if (!answer.ok) throw new Error(`${url}: status ${String(answer.status)}`);
        const bytes = Buffer.from(await answer.arrayBuffer());
        requirePinned(url, hospital, bytes);
        return [hospital, bytes.toString('utf8')] as const;
      }),
    );
    return Object.fromEntries(texts) as Texts; // one for each hospital
  } catch (thrown) {
    if (thrown instanceof PlexusError) throw thrown; // other bytes than the pinned ones are no network trouble
    const text = thrown instanceof Error ? thrown.message : 'no answer';
    say(`data         the archive cannot be reached (${text})`);
    return undefined;
  }
}

function requirePinned(place: string, hospital: HospitalName, bytes: Buffer): void {
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== PINNED[hospital])
    throw new PlexusError(
      'DEMO_DATA',
      `${place}: expected SHA-256 ${PINNED[hospital]}, got ${digest}`,
    );
}

function write(into: string, root: string, texts: Texts, source: string): DemoData {
  const split = JSON.parse(
    readFileSync(join(root, 'models', 'heart-disease', 'split.json'), 'utf8'),
  ) as Readonly<Record<HospitalName, Readonly<Record<string, readonly number[]>>>>;
  const hospitals = byHospital((hospital) => {
    const sides = Object.entries(split[hospital]).flatMap(([side, rows]) =>
      rows.map((row) => `${String(row)},${side}`),
    );
    return writeHospital(into, hospital, texts[hospital], sides);
  });
  return { kind: 'uci-heart', source: `UCI heart disease, four hospitals (${source})`, hospitals };
}

function writeSynthetic(into: string): DemoData {
  const hospitals = byHospital((hospital) => {
    const { csv, sides } = syntheticHospital(hospital);
    return writeHospital(into, hospital, csv, sides);
  });
  return {
    kind: 'synthetic',
    source:
      'SYNTHETIC patients, made up by this program: the figures below say nothing about medicine',
    hospitals,
  };
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
