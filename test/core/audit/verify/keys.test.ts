import { describe, expect, it } from 'vitest';
import { base64 } from '../../../../core/src/base/bytes.ts';
import { publicKeyOf } from '../../../../core/src/audit/verify/keys.ts';
import { bundleOf } from '../../../audit-bundle.ts';
import { genesis, registerKey, startLog, type Change } from '../../../audit-log.ts';
import { findingsAfter, findingsOf, onNth, some, withData } from './findings-of.ts';

const registered = 'site.key_registered';

describe('V7: keys over time', () => {
  it('the log key is the one that log.genesis names', () => {
    const wrong = onNth('log.genesis', 0, (draft) => withData(draft, { vkeys: [] }));
    expect(findingsAfter(wrong)).toEqual([
      expect.stringMatching(/^FAIL A503 leaf 0: key \w{8} was not registered for role log/),
    ]);
  });

  it('a key enters once, in one role', () => {
    const log = startLog();
    genesis(log);
    registerKey(log, 1, 'statement', new Uint8Array(32).fill(1));
    registerKey(log, 1, 'site-log', new Uint8Array(32).fill(1));
    expect(findingsOf(bundleOf(log))).toEqual([
      expect.stringMatching(
        /^FAIL A305 leaf 2: key \w{8} is already registered as statement of h01/,
      ),
    ]);
  });

  it('a registration is the hospital’s own word', () => {
    const cases: readonly [Change, string][] = [
      [
        onNth(registered, 1, (draft) => ({ ...draft, signed: [] })),
        'A508 leaf 3: required statement key is absent',
      ],
      [
        onNth(registered, 1, (draft) => withData(draft, { hospital: 'h02' })),
        'A504 leaf 3: statement says hospital=h01',
      ],
      [
        onNth(registered, 1, (draft) => withData(draft, { role: 'site-log' })),
        'A504 leaf 3: statement says role=cosign',
      ],
      [
        onNth(registered, 1, (draft) => {
          const [envelope] = draft.signed ?? [];
          const [one, two] = envelope!.signatures;
          return { ...draft, signed: [{ ...envelope!, signatures: [two!, one!] }] };
        }),
        'A501 leaf 3: signature of h01 over key does not verify',
      ],
      [
        onNth(registered, 0, () => []),
        'A503 leaf 2: key of h01 was not registered for role statement',
      ],
    ];
    for (const [change, line] of cases) expect(some(findingsAfter(change), line), line).toBe(true);
  });

  it('a revoked key no longer speaks', () => {
    const change: Change = (draft, seq) =>
      draft.type === 'study.submitted'
        ? [
            {
              type: 'site.key_revoked',
              action: 'D',
              outcome: 'success',
              actor: draft.actor,
              data: { ...vkeyOf, role: 'statement', reason: 'lost' },
            },
            draft,
          ]
        : keepFirst(draft, seq);
    let vkeyOf: { hospital?: string; vkey?: string } = {};
    const keepFirst: Change = (draft) => {
      if (draft.type === registered && vkeyOf.vkey === undefined)
        vkeyOf = { hospital: 'h01', vkey: draft.data['vkey'] as string };
      return draft;
    };
    const lines = findingsAfter(change);
    expect(some(lines, 'A503', 'was revoked at leaf 13 when used')).toBe(true);
    const unknown = onNth('site.enrolled', 1, (draft) => [
      draft,
      {
        ...draft,
        type: 'site.key_revoked',
        action: 'D',
        data: {
          hospital: 'h01',
          vkey: vkeyOf.vkey?.replace('h01+', 'h09+'),
          role: 'cosign',
          reason: 'lost',
        },
      },
    ]);
    expect(some(findingsAfter(unknown), 'A503', 'revoked in')).toBe(true);
  });

  it('a public key is 32 bytes of base64', () => {
    expect(publicKeyOf(base64(new Uint8Array(32)))).toHaveLength(32);
    expect(publicKeyOf('AAAA')).toBeUndefined();
    expect(publicKeyOf('?')).toBeUndefined();
  });
});
