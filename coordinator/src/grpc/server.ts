/**
 * The coordinator's two ports: members with mutual TLS 1.3, and enrolment, which serves one method to callers without a certificate.
 *
 * Builds servers and nothing else; the use cases come in as ports. There is no plain-text listener.
 */
import { Server, type ServerInterceptor } from '@grpc/grpc-js';
import type { PlexusError } from '@plexus/core';
import {
  AgentServiceService,
  AuditServiceService,
  bindTls,
  CertificateServiceService,
  EnrolmentServiceService,
  MAX_MESSAGE_BYTES,
  ResearchServiceService,
  type ServerCertificates,
  TlsServerCredentials,
} from '@plexus/proto';
import type { CoordinatorApp } from '../app/ports.js';
import { agentService } from './agent-service.js';
import { guardEnrolment, guardMembers } from './guard.js';
import type { CallContext } from './handlers.js';
import { auditService, certificateService, enrolmentService } from './member-services.js';
import { researchService } from './research-service.js';

export interface ServerOptions {
  readonly federation: string;
  /** Address to listen on, such as `0.0.0.0`; port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  readonly enrolPort: number;
  readonly certificates: ServerCertificates;
  /** Name and version, told to agents. */
  readonly software: string;
  readonly heartbeatMs?: number;
  readonly nowMs: () => number;
  readonly onFailure: (error: PlexusError) => void;
}

export interface RunningServer {
  readonly port: number;
  readonly enrolPort: number;
  /** A renewed server certificate, from the next handshake on. */
  swapCertificates(certificates: ServerCertificates): void;
  /** Lets running calls end for `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

export async function startServer(
  app: CoordinatorApp,
  options: ServerOptions,
): Promise<RunningServer> {
  const context: CallContext = {
    federation: options.federation,
    nowMs: options.nowMs,
    onFailure: options.onFailure,
    refuses: (caller) => app.refuses(caller),
    recordRefusal: (refusal) => {
      app.recordRefusal(refusal);
    },
  };
  const members = newServer(guardMembers(context));
  const { software, heartbeatMs } = options;
  const control = heartbeatMs === undefined ? { software } : { software, heartbeatMs };
  members.addService(AgentServiceService, agentService(context, app.agents, app.blobs, control));
  members.addService(ResearchServiceService, researchService(context, app.studies));
  members.addService(AuditServiceService, auditService(context, app));
  members.addService(CertificateServiceService, certificateService(context, app));
  const enrolment = newServer(guardEnrolment(context.recordRefusal));
  enrolment.addService(EnrolmentServiceService, enrolmentService(context, app));

  const mutual = new TlsServerCredentials(options.certificates, true);
  const open = new TlsServerCredentials(options.certificates, false);
  const bind = async (
    server: Server,
    port: number,
    credentials: TlsServerCredentials,
  ): Promise<number> =>
    await bindTls(server, hostPort(options.host, port), credentials, (refusal) => {
      app.recordRefusal({ kind: 'tls', ...refusal });
    });
  return {
    port: await bind(members, options.port, mutual),
    enrolPort: await bind(enrolment, options.enrolPort, open),
    swapCertificates(certificates) {
      mutual.swap(certificates);
      open.swap(certificates);
    },
    async close(graceMs) {
      await Promise.all([shutDown(members, graceMs), shutDown(enrolment, graceMs)]);
    },
  };
}

function newServer(guard: ServerInterceptor): Server {
  return new Server({
    interceptors: [guard],
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
}

async function shutDown(server: Server, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => {
      server.forceShutdown();
      resolve(); // tryShutdown never calls back for a session whose line was reset in that moment
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}

function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}
