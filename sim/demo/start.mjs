/**
 * `npm run demo`: sets up what is missing, then hands over to the demo itself.
 *
 * Runs before node_modules exists, so it imports Node's own modules and setup.mjs only. Leaves to others: the demo (src/demo/main.ts).
 */
import { setUp, SetupError } from './setup.mjs';

try {
  setUp();
  const { demo } = await import('../dist/demo/main.js');
  process.exitCode = await demo(process.argv.slice(2));
} catch (thrown) {
  if (!(thrown instanceof SetupError)) throw thrown;
  process.stderr.write(`${thrown.message}\n`);
  process.exitCode = 1;
}
