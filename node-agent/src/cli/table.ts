/** A table of plain text: columns as wide as their widest cell, numbers to the right, no colours, so that it may be pasted anywhere. */

export type Cell = string | number;

export function tableLines(
  titles: readonly string[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  const texts = [titles, ...rows].map((row) => row.map(String));
  const widths = titles.map((_, column) =>
    Math.max(...texts.map((row) => (row[column] ?? '').length)),
  );
  const isNumeric = titles.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  );
  return texts.map((row) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return isNumeric[column] === true ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
