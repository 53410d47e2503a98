/** The study author's client library: what the command line does, as functions. */
export {
  exportBundle,
  openResearchClient,
  type BundlePart,
  type FederationDescription,
  type FetchedModel,
  type Metric,
  type ResearchClient,
  type StudyEvent,
  type StudyStatus,
} from './grpc/client.js';
export { enrolPerson, proxyUrlFor, type Enrolment } from './grpc/enrolment.js';
export { modelCard, type ModelCard, type Release } from './model-card.js';
export { readModelFolder, writeModelFolder, type ModelFolder } from './model-folder.js';
export { predictCsv } from './predict.js';
export { privacySentence } from './privacy-sentence.js';
export { readStudyFile, type FileProblem, type StudyFile } from './study-file.js';
export { validateStudyFile, type Validated } from './validate.js';
