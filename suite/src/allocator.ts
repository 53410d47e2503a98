/**
 * Tells the C library to keep freed blocks for the next ones instead of handing them back to the kernel.
 *
 * Each `update` of a cipher allocates its output. glibc takes blocks of 128 KiB and more straight from the kernel, so every page of
 * every chunk would be faulted in and zeroed anew: that alone was 1.3 to 12 times the cost of the keystream where we measured. Once a
 * block of nearly 32 MiB was freed, glibc keeps blocks up to that size (mallopt(3), M_MMAP_THRESHOLD, "dynamic"). Nothing of the
 * blocks here is touched, so they take no memory. Other allocators: no effect, no harm. Leaves to others: everything that is computed.
 */

/** Just below the largest size that glibc learns from. */
const BLOCK_BYTES = 32 * 1024 * 1024 - 65_536;
/** V8 collects after the second block; from the fourth on, at least one is freed. */
const BLOCKS = 6;

let isDone = false;

/** Once a process or thread; later calls do nothing. Takes well under a millisecond to some milliseconds. */
export function keepFreedBlocks(): void {
  if (isDone) return;
  isDone = true;
  for (let i = 0; i < BLOCKS; i++) Buffer.allocUnsafeSlow(BLOCK_BYTES);
}
