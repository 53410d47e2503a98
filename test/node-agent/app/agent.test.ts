import { describe, expect, it } from 'vitest';
import {
  canonicalBytes,
  encodeTensors,
  hex,
  initialState,
  parseLeaf,
  PlexusError,
  roundsOf,
  settingsOf,
  utf8,
  type Code,
  type FromAgent,
  type Json,
  type JsonObject,
  type TaskState,
} from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import {
  outboundRows,
  readOutboundRow,
  sumsByStudy,
} from '../../../node-agent/src/app/outbound.ts';
import { playRound } from '../../core/task/federation.ts';
import { plainEngine } from '../../core/task/plain-engine.ts';
import { createFederation, type Federation, type Site } from './federation.ts';
import { federationLog } from './federation-log.ts';
import { NAMES } from './study.ts';

async function approved(
  change: (federation: Federation) => void = () => undefined,
  secagg: JsonObject = {},
) {
  const federation = await createFederation({ secagg });
  change(federation);
  await federation.submit();
  for (const { name } of federation.sites) await federation.approve(name);
  return federation;
}

function leafTypes(site: Site): readonly string[] {
  return site.store.leaves.map((leaf) => parseLeaf(leaf).type);
}

/** What the study must give: every round through quantiser and sum, without a hospital's program. */
function expectedModel(federation: Federation): string {
  const { study } = settingsOf(suite, federation.manifest);
  let state: TaskState = initialState(suite, { ...study, schema: federation.manifest.data });
  study.tasks.forEach((task, taskIndex) => {
    for (let roundInTask = 0; roundInTask < roundsOf(task); roundInTask++) {
      const setting = settingsOf(suite, federation.manifest).setting({
        task: taskIndex,
        roundInTask,
      });
      ({ state } = playRound(setting.taskContext, state, plainEngine()));
    }
  });
  return hex(encodeTensors(state));
}

const asJson = (message: FromAgent): Json => message;

const DONE = 'study heart-small, round 1: done';

/** One run that nothing disturbs, for the tests that only look at it. */
const calm = approved().then(async (federation) => {
  await federation.run();
  return federation;
});

describe('a study with four hospitals', () => {
  it('runs from its offer to the model that the sums of all four give', async () => {
    const federation = await calm;
    expect(federation.refused).toEqual([]);
    expect(federation.state()).toMatchObject({ phase: 'completed', roundsDone: 4 });
    expect(hex(federation.model())).toBe(expectedModel(federation));
    for (const site of federation.sites) {
      expect(site.failures).toEqual([]);
      expect(site.store.secretNames).toEqual(new Set()); // 4.8: nothing is kept of a session that is over
      expect(site.vectors.size).toBe(0);
    }
  });

  it('leaves a ledger row for every message and every vector that went out', async () => {
    const federation = await calm;
    const [site] = federation.sites;
    const records = (await site?.store.records('outbound', 0, 1000)) ?? [];
    const rows = records.map(({ row }) => readOutboundRow(row));
    const whats = rows.map((row) => row?.what);
    expect(whats.filter((what) => what !== 'vector')).toEqual(site?.sent.map(({ kind }) => kind));
    expect(whats.filter((what) => what === 'vector')).toHaveLength(4);
    // sizes and digests are those of the messages as they went, M4 included
    const sizes = rows.flatMap((row) =>
      row === undefined || row.what === 'vector' ? [] : row.bytes,
    );
    expect(sizes).toEqual(site?.sent.map((message) => canonicalBytes(asJson(message)).length));
    const known = rows.flatMap((row) => (row === undefined ? [] : [row]));
    expect(sumsByStudy(known)).toEqual([
      {
        study: 'heart-small',
        rounds: 4,
        messages: 25,
        vectors: 4,
        bytes: known.reduce((sum, { bytes }) => sum + bytes, 0),
      },
    ]);
    expect(known.every(({ bytes, digest }) => bytes > 0 && digest.length === 64)).toBe(true);
  });

  it('writes one leaf a transition, accepted heads among them', async () => {
    const federation = await calm;
    const types = leafTypes(federation.site('north'));
    expect(types.slice(0, 8)).toEqual([
      'site.enrolled',
      'site.key_registered',
      'site.key_registered',
      'site.key_registered',
      'site.key_registered',
      'policy.changed',
      'study.submitted',
      'mapping.changed',
    ]);
    expect(types.filter((type) => type === 'head.accepted').length).toBeGreaterThanOrEqual(12);
    expect(types.at(-1)).toBe('study.closed');
  });
});

describe('an engine whose name the log cannot hold', () => {
  it('is a bug that stops the agent: a round that waits in silence would be worse', async () => {
    const federation = await createFederation();
    const south = federation.site('south');
    south.engine = 'no version';
    await federation.submit();
    for (const { name } of federation.sites) await federation.approve(name);
    await federation.run();
    expect(south.failures).toContainEqual(
      expect.stringMatching(/^STATE_UNEXPECTED .*what was computed is refused: ENCODING_INVALID/),
    );
  });
});

describe('what the hospital does not allow', () => {
  it('is a model that its engine cannot train, before anybody is asked', async () => {
    const federation = await createFederation();
    const south = federation.site('south');
    const code = 'LAYER_NOT_SUPPORTED_ON_ENGINE';
    south.untrainable = [{ path: 'model.layers[0]', code, text: 'expected another layer' }];
    await federation.submit();
    expect(federation.refused).toEqual([`south study-offer ${code}`]);
    expect(south.lines).toContainEqual(
      expect.stringMatching(/refused by this hospital's engine: model.layers\[0\]/),
    );
    expect(await federation.approve('south')).toEqual({ kind: 'refused', code: 'STUDY_UNKNOWN' });
  });

  it('is answered without asking a person: a coded refusal, and a line that says why', async () => {
    const federation = await createFederation();
    const south = federation.site('south');
    south.policy = { ...south.policy, maxLevel: 2 };
    await federation.restart('south');
    await federation.submit();
    expect(federation.refused).toEqual(['south study-offer POLICY_LEVEL']);
    expect(south.lines).toContainEqual(
      expect.stringMatching(/refused by this hospital's policy: data/),
    );
    expect(await federation.approve('south')).toEqual({ kind: 'refused', code: 'STUDY_UNKNOWN' });
    expect(south.sent).toEqual([]);
  });

  it('a withdrawal ends its part; the others go on', async () => {
    const federation = await approved();
    await federation.run(() => federation.site('east').sent.some(({ kind }) => kind === 'ready'));
    expect(await federation.withdraw('east')).toEqual({ kind: 'done' });
    await federation.run(() => federation.site('north').lines.includes(DONE));
    expect(federation.site('east').sent.map(({ kind }) => kind)).toEqual([
      'decision',
      'ready',
      'decision',
    ]);
  });

  it('a request is the steward’s or nobody’s', async () => {
    const federation = await createFederation();
    await federation.submit();
    const north = federation.site('north');
    const requests: unknown[] = [];
    const { agent } = north;
    north.agent = {
      ...agent,
      request: (content) => {
        requests.push(content);
        return Promise.resolve({ kind: 'done' });
      },
    };
    await federation.approve('north');
    const [request] = requests as [Parameters<typeof agent.request>[0]];
    const south = federation.site('south').agent;
    expect(await south.request(request)).toEqual({ kind: 'refused', code: 'STATEMENT_SIGNATURE' });
    for (const content of [undefined, 3, {}, { kind: 'approve', study: 'heart-small' }])
      expect(await agent.request(content)).toEqual({ kind: 'refused', code: 'STATEMENT_INVALID' });
    expect(await agent.request(request)).toEqual({ kind: 'done' });
  });
});

describe('a coordinator that lies', () => {
  it('about its log stops the hospital: head.refused, and nothing is answered afterwards (I11)', async () => {
    const federation = await approved();
    const other = federationLog(Array.from({ length: 40 }, (_, i) => utf8(`other ${String(i)}`)));
    let lies = 0;
    federation.lie = (name, message) => {
      if (name !== 'west' || message.kind !== 'open') return message;
      lies++;
      const { size } = federation.site('west').agent.inbox.head();
      return { ...message, evidence: other.evidence(size, 39) };
    };
    await federation.run();
    const west = federation.site('west');
    expect(lies).toBe(1);
    expect(leafTypes(west).at(-1)).toBe('head.refused');
    expect(west.sent.map(({ kind }) => kind)).toEqual(['decision', 'ready']);
    expect(federation.refused[0]).toBe('west open LOG_HEAD_REFUSED');
    expect(new Set(federation.refused.slice(1))).toEqual(
      new Set([
        'west round-offer AGENT_STOPPED',
        'west session-ended AGENT_STOPPED',
        'west study-ended AGENT_STOPPED',
      ]),
    );
    // the other three go on, and a restart changes nothing for the one that stopped
    expect(federation.state()).toMatchObject({ phase: 'completed' });
    await federation.restart('west');
    expect(west.lines.at(-1)).toMatch(/^stopped/);
  });

  it('by leaving the evidence out, or by showing another leaf, is refused (LOG_LEAF_MISSING)', async () => {
    for (const spoil of ['absent', 'other'] as const) {
      const federation = await approved();
      federation.lie = (name, message) => {
        if (name !== 'west' || message.kind !== 'round-offer') return message;
        const { evidence, ...bare } = message;
        if (spoil === 'absent' || evidence === undefined) return bare;
        return { ...message, evidence: { ...evidence, leaf: { ...evidence.leaf, bytes: 'AAAA' } } };
      };
      await federation.run(() => federation.refused.length > 0);
      expect(federation.refused).toEqual(['west round-offer LOG_LEAF_MISSING']);
      expect(federation.site('west').sent.map(({ kind }) => kind)).toEqual(['decision']);
    }
  });

  it('about the round is refused: the leaf says something else', async () => {
    const federation = await approved();
    federation.lie = (name, message) =>
      name === 'west' && message.kind === 'round-offer' ? { ...message, roundInTask: 1 } : message;
    await federation.run(() => federation.refused.length > 0);
    expect(federation.refused).toEqual(['west round-offer LOG_LEAF_MISSING']);
  });
});

describe('a hospital whose data do not fit', () => {
  it.each<[Code, string]>([
    ['DATA_COLUMN_MISSING', 'column age: the SELECT lacks it'],
    ['DATA_VALUE_UNREADABLE', 'mapping: a value cannot be converted'],
  ])('sits the round out with %s; its own line says what is wrong', async (code, text) => {
    const federation = await approved((before) => {
      before.site('east').load = () => Promise.reject(new PlexusError(code, text));
    });
    const east = federation.site('east');
    await federation.run(() => federation.site('north').lines.includes(DONE));
    expect(east.sent.filter(({ kind }) => kind === 'unable')).toMatchObject([{ code }]);
    expect(east.lines).toContainEqual(
      `study heart-small, round 1: this hospital cannot take part: ${code}: ${text}`,
    );
    expect(east.failures).toEqual([]);
  });

  it('stops the program when the reason is a bug of ours', async () => {
    const federation = await approved((before) => {
      before.site('east').load = () => Promise.reject(new TypeError('x is not a function'));
    });
    await federation.run(() => federation.site('east').failures.length > 0);
    expect(federation.site('east').failures[0]).toMatch(/^STATE_UNEXPECTED/);
  });
});

describe('a hospital that is killed', () => {
  const KINDS = [
    'decision',
    'ready',
    'advertise',
    'share',
    'masked',
    'agreement',
    'release',
  ] as const;

  it('goes on from its store with identical bytes, wherever it was killed after a commit', async () => {
    const federation = await approved();
    const north = federation.site('north');
    for (const kind of KINDS) {
      await federation.run(() => north.sent.some((message) => message.kind === kind));
      await federation.restart('north');
    }
    await federation.run();
    expect(federation.state()).toMatchObject({ phase: 'completed' });
    const undisturbed = await calm;
    expect(hex(federation.model())).toBe(hex(undisturbed.model()));
    const texts = north.sent.map((message) => JSON.stringify(message));
    const expected = undisturbed.site('north').sent.map((message) => JSON.stringify(message));
    expect(texts.length).toBeGreaterThan(expected.length); // what was not answered went out again
    expect([...new Set(texts)]).toEqual(expected);
  });

  it('between its work and the commit has shown nothing, and does the work again', async () => {
    const federation = await approved();
    const north = federation.site('north');
    for (const type of ['round.keys_advertised', 'upload.sent', 'unmask.answered']) {
      let crashed = false;
      north.store.beforeCommit = ({ leaf }) => {
        if (crashed || parseLeaf(leaf).type !== type) return;
        crashed = true;
        throw new PlexusError('STORE_FAILED', 'the power is gone');
      };
      const failed = await federation.run(() => crashed).catch((thrown: unknown) => thrown);
      expect(failed === undefined || failed instanceof PlexusError).toBe(true);
      expect(crashed, type).toBe(true);
      await federation.restart('north');
    }
    await federation.run();
    expect(federation.state()).toMatchObject({ phase: 'completed', roundsDone: 4 });
    expect(federation.refused).toEqual([]);
    expect(hex(federation.model())).toBe(expectedModel(federation));
  });

  it('while it computes does so again after the start', async () => {
    const federation = await approved((before) => {
      const north = before.site('north');
      const { load } = north;
      north.load = () => {
        north.load = load;
        return new Promise(() => undefined); // never comes back: killed in the middle
      };
    });
    await federation.run(() =>
      federation.site('north').lines.some((line) => line.includes('reading the patients')),
    );
    await federation.restart('north');
    await federation.run(() => federation.site('north').lines.includes(DONE));
    expect(federation.refused).toEqual([]);
  });
});

describe('an agent that leaves its session by itself', () => {
  it('abandons what was open when its database comes from a backup; the others finish without it', async () => {
    const federation = await approved();
    const north = federation.site('north');
    await federation.run(() => north.sent.some(({ kind }) => kind === 'masked'));
    await federation.restart('north');
    await north.agent.restored();
    expect(north.store.secretNames).toEqual(new Set());
    await federation.run();
    expect(federation.state()).toMatchObject({ phase: 'completed', roundsDone: 4 });
    expect(north.sent.filter(({ kind }) => kind === 'agreement' || kind === 'release')).toEqual([]);
    expect(leafTypes(north)).toContain('round.hospital_dropped');
    expect(north.lines).toContain(
      'study/heart-small: works from a backup; sits out the round that is under way',
    );
  });

  it('says so with M6 once the time of the session is over, and forgets its secrets', async () => {
    const federation = await approved(undefined, { sessionTtlMs: 1_000 });
    const north = federation.site('north');
    await federation.run(() => north.sent.some(({ kind }) => kind === 'masked'));
    await north.agent.tick();
    expect(north.sent.some(({ kind }) => kind === 'abandon')).toBe(false);
    for (const site of federation.sites) if (site !== north) site.online = false;
    const before = federation.nowMs();
    await federation.run(() => federation.nowMs() > before + 1_000);
    await north.agent.tick();
    await federation.run(() => north.sent.some(({ kind }) => kind === 'abandon'));
    expect(leafTypes(north)).toContain('session.abandoned');
    expect([...north.store.secretNames].filter((name) => name.startsWith('session/'))).toEqual([]);
  });
});

describe('a line that is cut', () => {
  it('costs nothing but time: what was not answered is sent again', async () => {
    const federation = await approved();
    const west = federation.site('west');
    await federation.run(() => west.sent.some(({ kind }) => kind === 'advertise'));
    west.online = false;
    await federation.run(() =>
      federation.sites.every(
        (site) => site === west || site.sent.some(({ kind }) => kind === 'masked'),
      ),
    );
    west.online = true;
    await federation.restart('west');
    await federation.run();
    expect(federation.state()).toMatchObject({ phase: 'completed' });
    expect(NAMES.map((name) => federation.site(name).failures)).toEqual([[], [], [], []]);
  });
});

describe('the ledger', () => {
  it('has no row for a transition that sends nothing, and reads back nothing that is no row', () => {
    const bare = { machine: 'site', n: 0, seq: 0, time: '', input: {}, state: {} };
    expect(
      outboundRows(suite, { ...bare, effects: [{ kind: 'wake' }] }, () => new Uint8Array()),
    ).toEqual([]);
    expect(readOutboundRow('text')).toBeUndefined();
  });
});
