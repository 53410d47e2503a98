/** A client that sends any bytes to any method: what our own clients would never send. */
import {
  channelTo,
  errorOfCall,
  ResearchServiceClient,
  type Endpoint,
  type TlsIdentity,
} from '@plexus/proto';

export class AuthorisedCall {
  readonly #client: ResearchServiceClient;

  constructor(endpoint: Endpoint, identity: TlsIdentity) {
    const { address, credentials, options } = channelTo(endpoint, identity);
    this.#client = new ResearchServiceClient(address, credentials, {
      ...options,
      'grpc.max_send_message_length': -1,
    });
  }

  async send(path: string, bytes: Buffer): Promise<Buffer> {
    return await new Promise<Buffer>((resolve, reject) => {
      const same = (value: Buffer): Buffer => value;
      this.#client.makeUnaryRequest(path, same, same, bytes, (error, answer) => {
        if (error === null && answer !== undefined) resolve(answer);
        else reject(errorOfCall(error));
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}
