/** Fixed test seeds and the cryptography of the log fixtures. Nobody's keys. */
import { hex, utf8, type Bytes, type Suite } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';

/** The same log is signed over and over with small changes: each signature is made once. */
const signatures = new Map<string, Bytes>();
export const suite: Suite = {
  ...nodeSuite,
  ed25519Sign: (seed, message) => {
    const name = hex(nodeSuite.sha256(seed, message));
    const made = signatures.get(name) ?? nodeSuite.ed25519Sign(seed, message);
    signatures.set(name, made);
    return made;
  },
};

export const identitySeed = (index: number): Bytes => new Uint8Array(32).fill(index);
export const cosignSeed = (index: number): Bytes => new Uint8Array(32).fill(100 + index);
export const nameOf = (index: number): string => `h0${String(index)}`;
export const digestOf = (text: string): string => hex(suite.sha256(utf8(text)));
