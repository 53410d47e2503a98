/**
 * Reads the CSV of patients to predict: strict RFC 4180, a header first, each record with the line it starts on.
 *
 * Source: RFC 4180 (comma, double quotes, CRLF or LF). Leaves to others: what the columns mean (patients.ts).
 */
import { PlexusError } from '@plexus/core';

export interface CsvRecord {
  /** Counts from 1; the header is line 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

export interface CsvTable {
  readonly header: readonly string[];
  readonly records: readonly CsvRecord[];
}

/** Errors: operator/CSV_SHAPE naming the line; never a value of the file. */
export function parseCsv(text: string): CsvTable {
  const [first, ...records] = readRecords(text.startsWith('\uFEFF') ? text.slice(1) : text);
  if (first === undefined) throw new PlexusError('CSV_SHAPE', 'line 1: expected a header');
  const header = first.fields.map((name) => name.trim());
  header.forEach((name, i) => {
    if (header.indexOf(name) !== i)
      throw new PlexusError('CSV_SHAPE', `line 1: column ${String(i + 1)} repeats a name`);
  });
  for (const { line, fields } of records)
    if (fields.length !== header.length)
      throw new PlexusError(
        'CSV_SHAPE',
        `line ${String(line)}: expected ${String(header.length)} fields, got ${String(fields.length)}`,
      );
  if (records.length === 0) throw new PlexusError('CSV_SHAPE', 'line 2: expected a patient');
  return { header, records };
}

/** One field as RFC 4180 writes it. */
export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function readRecords(text: string): readonly CsvRecord[] {
  const records: CsvRecord[] = [];
  let fields: string[] = [];
  let line = 1;
  let start = 1;
  let at = 0;
  while (at < text.length) {
    const quoted = text[at] === '"';
    let field: string;
    if (quoted) {
      let end = at + 1;
      while (end < text.length && (text[end] !== '"' || text[end + 1] === '"'))
        end += text[end] === '"' ? 2 : 1;
      if (end >= text.length)
        throw new PlexusError('CSV_SHAPE', `line ${String(start)}: a quote is never closed`);
      field = text.slice(at + 1, end).replaceAll('""', '"');
      line += field.split('\n').length - 1;
      at = end + 1;
    } else {
      const rest = /[",\r\n]/g;
      rest.lastIndex = at;
      const end = rest.exec(text)?.index ?? text.length;
      field = text.slice(at, end);
      at = end;
    }
    fields.push(field);
    if (text[at] === ',') {
      at++;
      // a comma at the very end still opens a field, and the loop would not see it
      if (at === text.length) fields.push('');
      else continue;
    }
    if (at < text.length && text[at] !== '\n' && text[at] !== '\r')
      throw new PlexusError(
        'CSV_SHAPE',
        `line ${String(line)}: a quote stands inside a field that does not start with one`,
      );
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    if (fields.length > 1 || fields[0] !== '') records.push({ line: start, fields });
    fields = [];
    start = line;
  }
  return records;
}
