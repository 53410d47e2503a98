/** The wire: generated schemas of plexus.v1, and the TLS channels both ends use. */
export {
  AgentServiceClient,
  AgentServiceService,
  type AgentServiceServer,
  type BlobFrame,
  type ControlRequest,
  type ControlResponse,
  type DownloadBlobRequest,
  type DownloadBlobResponse,
  type UploadBlobRequest,
  type UploadBlobResponse,
} from '../gen/plexus/v1/agent.js';
export {
  AuditServiceClient,
  AuditServiceService,
  BundleProfile,
  type AuditServiceServer,
  type ExportBundleRequest,
  type ExportBundleResponse,
} from '../gen/plexus/v1/audit.js';
export {
  CertificateServiceClient,
  CertificateServiceService,
  EnrolmentServiceClient,
  EnrolmentServiceService,
  KeyRole,
  SubjectKind,
  type CertificateServiceServer,
  type EnrolmentServiceServer,
  type EnrolRequest,
  type EnrolResponse,
} from '../gen/plexus/v1/identity.js';
export {
  ResearchServiceClient,
  ResearchServiceService,
  type FetchModelResponse,
  type ResearchServiceServer,
  type StudyEvent as WireStudyEvent,
  type StudyStatus as WireStudyStatus,
  type WatchStudyResponse,
} from '../gen/plexus/v1/research.js';
export { callUnary, readStream, sendStream } from './calls.js';
export { channelTo, type ChannelSettings, type Endpoint, type TlsIdentity } from './channel.js';
export {
  certificatesPem,
  privateKeyPem,
  requestCertificate,
  type CertificateRequest,
} from './csr.js';
export {
  present,
  readDigest,
  readEnvelope,
  readNumber,
  writeEnvelope,
  writeNumber,
} from './fields.js';
export { enrol, renew, type Enrolment, type MemberKey } from './enrol.js';
export { readFromAgent, writeFromAgent } from './from-agent.js';
export { formatInvite, parseInvite, type Invite } from './invite.js';
export { FRAME_BYTES, HEARTBEAT_MS, MAX_MESSAGE_BYTES, WINDOW_BYTES } from './limits.js';
export { fetchPinnedCa, type PinnedCa } from './pinned-ca.js';
export { parseProxy, proxyUrlFor, type Environment, type Proxy } from './proxy.js';
export {
  certificateUri,
  coordinatorUri,
  isFederationName,
  isMemberKind,
  MEMBER_KINDS,
  memberUri,
  parseMemberUri,
  type Member,
  type MemberKind,
} from './spiffe.js';
export { codeOfStatus, errorOfCall, isCode, wireStatus, type WireStatus } from './status.js';
export { bindTls, TlsServerCredentials, type ServerCertificates, type TlsRefusal } from './tls.js';
export { readToAgent, writeToAgent } from './to-agent.js';
