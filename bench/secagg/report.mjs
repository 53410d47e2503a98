/** The report of a run as a table for the terminal and as a page: the same columns, the same words about what was measured. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';

const WHAT = [
  'client: mask keys agreed, masks added, packed; without quantising, shares, signatures, disk',
  'unmask: secrets rebuilt, vectors read from disk and added, masks removed, cut',
  'seconds and ns are medians; CPU is that of all threads of the process; (first): the first in a process, not yet warm',
  'peak: largest resident size of the process that unmasks, Node.js included; stall: longest time nothing else could run',
];

/** One row a case: column, text. */
export function rowsOf(cases) {
  return cases.map((one) => ({
    ...{ d: one.d.toExponential(0), n: String(one.n), 'drop-out': String(one.drop) },
    f: String(one.f),
    'client s': one.clientSeconds.toFixed(4),
    'client CPU s': one.clientCpuSeconds.toFixed(4),
    'unmask s': one.unmaskSeconds.toFixed(3),
    '(first)': one.unmaskFirstSeconds.toFixed(3),
    'unmask CPU s': one.unmaskCpuSeconds.toFixed(3),
    masks: String(one.masksRemoved),
    'ns/word': one.nsPerWord.toFixed(2),
    '÷ keystream': one.ratio.toFixed(2),
    '÷ memcpy': (one.nsPerWord / one.memcpyNsPerWord).toFixed(1),
    'quantise ns': one.quantiseNsPerParam.toFixed(1),
    'bytes/param': one.bytesPerParam.toFixed(4),
    'peak MB': String(Math.round(one.peakBytes / 1e6)),
    'stall ms': String(one.longestStallMs),
  }));
}

/** The references, and what the columns mean. */
export function linesOf({ keystreamNsPerWord, memcpyNsPerWord, ratio, fallbackRatio }) {
  return [
    `AES-256-CTR keystream alone: ${keystreamNsPerWord.toFixed(2)} ns a word`,
    `a copy of memory: ${memcpyNsPerWord.toFixed(2)} ns a word`,
    `mask kernel: ${ratio.toFixed(2)} times the keystream alone; its fallback in JavaScript: ${fallbackRatio.toFixed(2)} times`,
    ...WHAT,
  ];
}

export function pageOf({ cases, reference }) {
  const rows = rowsOf(cases);
  const names = Object.keys(rows[0]);
  const commit = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' });
  const load = loadavg()[0].toFixed(1);
  const { node, openssl } = process.versions;
  const machine = `${cpus()[0].model.trim()}, ${String(cpus().length)} cores`;
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    '# The secure sum: what the bench printed',
    '',
    `Command: \`npm run bench:secagg\`, commit ${commit.trim()}, on ${machine}, Node ${node}, OpenSSL ${openssl}; others used the machine too`,
    `(load ${load} at the end), so the ratios and the CPU columns say more than the clock.`,
    '',
    line(names),
    line(names.map(() => '---')),
    ...rows.map((row) => line(Object.values(row))),
    '',
    ...linesOf(reference).map((text) => `* ${text}`),
    '',
  ].join('\n');
}
