/** The four hospitals of the heart-disease study, and where each one's file of the UCI archive is. */

export type HospitalName = 'cleveland' | 'hungarian' | 'switzerland' | 'va';

export const HOSPITALS: readonly HospitalName[] = ['cleveland', 'hungarian', 'switzerland', 'va'];

/** 14 comma-separated columns, no header, `?` for missing. Licence CC BY 4.0: Janosi, Steinbrunn, Pfisterer and Detrano (1988). */
export function fileOf(hospital: HospitalName): string {
  return `processed.${hospital}.data`;
}

export const ARCHIVE = 'https://archive.ics.uci.edu/ml/machine-learning-databases/heart-disease';

/** SHA-256 of the archive's files. */
export const PINNED: Readonly<Record<HospitalName, string>> = {
  cleveland: 'a74b7efa387bc9d108d7d0115d831fe9b414b29ae7124f331b622b4efa0427c8',
  hungarian: 'd1ad108f785768cd3d7e82dc522e6f5a61eea93cccfb3a46ee8076f73fc3d796',
  switzerland: '834a405ccf5b66ab4056bb77794adc8df0b7125186454c0a1d002d33c6c3b314',
  va: 'e7c93d8d0d2acdadfa4c5e8de768e2191e7f618b952e29623f1f0d5949ff6b8f',
};
