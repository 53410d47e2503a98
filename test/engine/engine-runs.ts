/** Runs training-digest.mjs: in a process of any Node, or in a thread of this one. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

const SCRIPT = new URL('training-digest.mjs', import.meta.url);

/** Without what this process was started with, so that packages resolve to what was built. */
export async function digestInProcess(node: string, engine: string): Promise<string> {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(node, [fileURLToPath(SCRIPT), engine], { env });
  return stdout.trim();
}

export function digestInThread(engine: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(SCRIPT, { execArgv: [], workerData: { engine } });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      reject(new Error('the thread ended without a digest'));
    });
  });
}
