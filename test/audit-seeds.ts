/** Fixed test seeds and the cryptography of the log fixtures. Nobody's keys. */
import { hex, utf8, type Bytes, type Suite } from '@plexus/core';
import { fastSuite } from './fast-suite.ts';

/** Its bytes are those of the Node suite; the same log is signed over and over with small changes. */
export const suite: Suite = fastSuite;

export const identitySeed = (index: number): Bytes => new Uint8Array(32).fill(index);
export const cosignSeed = (index: number): Bytes => new Uint8Array(32).fill(100 + index);
export const nameOf = (index: number): string => `h0${String(index)}`;
export const digestOf = (text: string): string => hex(suite.sha256(utf8(text)));
