/** The entry of `plexus`: hands in the cryptography, the terminal and the network, and nothing else. */
import { nodeSuite } from '@plexus/suite';
import { runProgram } from './cli/program.js';
import { processTerminal } from './cli/terminal.js';
import type { Network } from './research-api.js';

// gRPC and its certificates take half a second to load: commands that work offline do without them
const load = async (): Promise<Network> =>
  (await import('./grpc/network.js')).grpcNetwork(process.env);
const network: Network = {
  enrol: async (invite) => await (await load()).enrol(invite),
  connect: async (credentials) => await (await load()).connect(credentials),
};

await runProgram(process.argv, processTerminal(), nodeSuite, network);
