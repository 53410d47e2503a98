/** The study author's client library: what the command line does, as functions. */
export { modelCard, type ModelCard, type Release } from './model-card.js';
export { readModelFolder, writeModelFolder, type ModelFolder } from './model-folder.js';
export { predictCsv } from './predict.js';
export { privacySentence } from './privacy-sentence.js';
export { readStudyFile, type FileProblem, type StudyFile } from './study-file.js';
export { validateStudyFile, type Validated } from './validate.js';
