/**
 * Loaded before a program (`node --import`): kills it with SIGKILL just before or just after chosen commits of its database.
 *
 * PLEXUS_KILL_PLAN is { begins, points: [{ round, commit, side }], trace }: commits are counted from the one that writes the leaf of
 * type `begins` of a round, that one being number 1. Every counted commit is a line in `trace`, written before the process can die,
 * so that the next start knows which points are done. The programs know nothing of all this.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const plan = process.env['PLEXUS_KILL_PLAN'];
if (plan !== undefined && isMainThread) arm(JSON.parse(plan));

function arm({ begins, points, trace }) {
  const lines = existsSync(trace) ? readFileSync(trace, 'utf8').trim().split('\n') : [];
  const done = new Set(
    lines
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .flatMap(({ killed, round }) => (killed ? [round] : [])),
  );
  const { prototype } = createRequire(new URL('../../runtime/package.json', import.meta.url))(
    'better-sqlite3',
  );
  let round = 0;
  let commit = 0;
  /** Of the transaction under way. */
  let leaf;

  const { prepare, transaction } = prototype;
  prototype.prepare = function (sql) {
    const statement = prepare.call(this, sql);
    if (!sql.startsWith('INSERT INTO entries')) return statement;
    const { run } = statement;
    statement.run = (seq, bytes) => {
      leaf = JSON.parse(Buffer.from(bytes).toString('utf8'));
      return run.call(statement, seq, bytes);
    };
    return statement;
  };

  function reached(side) {
    if (round === 0) return;
    const type = leaf?.type ?? 'other';
    const killed =
      !done.has(round) &&
      points.some((one) => one.round === round && one.commit === commit && one.side === side);
    if (side === 'after' || killed)
      appendFileSync(trace, `${JSON.stringify({ round, commit, side, type, killed })}\n`);
    if (killed) process.kill(process.pid, 'SIGKILL');
  }

  prototype.transaction = function (task) {
    const whole = transaction.call(this, (...given) => {
      leaf = undefined;
      const result = task(...given);
      if (leaf?.type === begins) [round, commit] = [leaf.round, 0];
      commit++;
      reached('before');
      return result;
    });
    const committed =
      (run) =>
      (...given) => {
        const result = run(...given);
        reached('after');
        return result;
      };
    return Object.assign(committed(whole), { immediate: committed(whole.immediate) });
  };
}
