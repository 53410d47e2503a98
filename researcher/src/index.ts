/** The study author's client library: what the command line does, as functions. */
export { fetchModel, submitStudy, type ProvenModel, type Submitted } from './client.js';
export { exportBundle, openResearchClient, type BundlePart } from './grpc/client.js';
export { enrolPerson, proxyUrlFor, type Enrolment } from './grpc/enrolment.js';
export { grpcNetwork } from './grpc/network.js';
export { modelCard, type ModelCard, type Release } from './model-card.js';
export { readModelFolder, writeModelFolder, type ModelFolder } from './model-folder.js';
export { predictCsv } from './predict.js';
export { privacySentence } from './privacy-sentence.js';
export type {
  Credentials,
  FederationDescription,
  Metric,
  ModelDownload,
  Network,
  ResearchApi,
  StudyEvent,
  StudyStatus,
} from './research-api.js';
export { readStudyFile, type FileProblem, type StudyFile } from './study-file.js';
export { validateStudyFile, type Validated } from './validate.js';
