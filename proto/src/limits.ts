/**
 * The sizes that both ends of the wire agree on. Source: architecture.md (Wire), dependencies.md (trap 1).
 */

/** Largest message either side sends or accepts. */
export const MAX_MESSAGE_BYTES: number = 4 << 20;
/** Largest piece of a blob in one message. */
export const FRAME_BYTES: number = 1 << 20;
/** HTTP/2 windows: 64 KiB, the default, carries 0.9 MiB/s over a round trip of 40 ms. */
export const WINDOW_BYTES: number = 8 << 20;
/** How often an idle control stream says that it is there; silence of three times this is a dead stream. */
export const HEARTBEAT_MS = 10_000;
