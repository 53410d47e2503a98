/**
 * What an agent's messages say, field by field, and whether a number of one hospital stands in any of them (T20).
 *
 * A message is flattened to path → value, statements and JSON payloads opened. Opaque fields are those that hold ciphertext, masked
 * words, keys, digests and signatures; everything else is plaintext and is searched for a number in every form it could have.
 */
import {
  fromBase64,
  fromHex,
  fromUtf8,
  peekStatement,
  type Envelope,
  type FromAgent,
  type StatementKind,
  type ToAgent,
} from '@plexus/core';
import { writeFromAgent, writeNumber } from '@plexus/proto';
import { ControlRequest } from '../../proto/gen/plexus/v1/agent.ts';

/** One thing that went over the wire: a control frame, or a vector. */
export type Captured =
  | { readonly kind: 'message'; readonly message: FromAgent | ToAgent }
  | { readonly kind: 'vector'; readonly bytes: Uint8Array };

type Fields = ReadonlyMap<string, string | number | Uint8Array>;

const KINDS: readonly StatementKind[] = [
  ...(['advertise', 'share', 'masked', 'agree', 'unmask', 'complaint', 'abandon'] as const),
];

/** Keys, nonces, digests, signatures, sealed and masked bytes: 32 bytes and more that are random or a hash. */
const OPAQUE =
  /(^|\.)(sig|keyid|cPublic|sPublic|nonce|cohortHash|session|manifestHash|modelHash|layoutHash|root|h1|h2|h3|listHash|commitB|vectorHash|box|self|pair|share|m2_sha256|leaf|vector)$/;

export function isOpaque(path: string): boolean {
  return OPAQUE.test(path.replace(/\[\d+\]/g, ''));
}

/** The control frame as it is written to the stream. */
function frameOf(message: FromAgent, id: number): Uint8Array {
  return ControlRequest.encode({
    frame: { $case: 'message', value: { id: writeNumber(id), body: writeFromAgent(message) } },
  }).finish();
}

export function fieldsOf(captured: Captured): Fields {
  const fields = new Map<string, string | number | Uint8Array>();
  if (captured.kind === 'vector') fields.set('vector', captured.bytes);
  else add(captured.message, captured.message.kind, fields);
  return fields;
}

function add(
  value: unknown,
  path: string,
  fields: Map<string, string | number | Uint8Array>,
): void {
  if (isEnvelope(value)) {
    addEnvelope(value, path, fields);
    return;
  }
  if (typeof value === 'string' && path.endsWith('.leaf.bytes')) {
    add(JSON.parse(fromUtf8(fromBase64(value))), `${path}.json`, fields); // a leaf of the log, as it travels with a proof
    return;
  }
  if (value instanceof Uint8Array || typeof value === 'string' || typeof value === 'number')
    fields.set(path, value);
  else if (Array.isArray(value))
    value.forEach((one, i) => {
      add(one, `${path}[${String(i)}]`, fields);
    });
  else if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value)) add(member, `${path}.${name}`, fields);
}

function addEnvelope(
  envelope: Envelope,
  path: string,
  fields: Map<string, string | number | Uint8Array>,
): void {
  const { payload, payloadType, signatures } = envelope;
  fields.set(`${path}.payloadType`, payloadType);
  add(signatures, `${path}.signatures`, fields);
  for (const kind of KINDS) {
    const statement = peekStatement(kind, envelope);
    if (statement.kind === 'refused') continue;
    add(statement.header, `${path}.header`, fields);
    add(statement.body, `${path}.body`, fields);
    return;
  }
  add(JSON.parse(fromUtf8(fromBase64(payload))), `${path}.json`, fields);
}

function isEnvelope(value: unknown): value is Envelope {
  return (
    typeof value === 'object' && value !== null && 'payloadType' in value && 'payload' in value
  );
}

/** Every form a number could have in bytes. Short ones stand in random bytes by chance, so they count in plaintext only. */
function formsOf(value: number): {
  readonly long: readonly Uint8Array[];
  readonly short: readonly Uint8Array[];
} {
  const bytes = (length: number, write: (view: DataView) => void): Uint8Array => {
    const out = new Uint8Array(length);
    write(new DataView(out.buffer));
    return out;
  };
  const floats = [true, false].flatMap((little) => [
    bytes(4, (view) => {
      view.setFloat32(0, value, little);
    }),
    bytes(8, (view) => {
      view.setFloat64(0, value, little);
    }),
  ]);
  const text = new TextEncoder();
  if (!Number.isSafeInteger(value) || value < 0)
    return {
      long: [...floats, text.encode(value.toPrecision(7).replace(/0+$/, '').slice(0, 8))],
      short: [],
    };
  const integers = [true, false].flatMap((little) => [
    bytes(4, (view) => {
      view.setUint32(0, value, little);
    }),
    bytes(8, (view) => {
      view.setBigUint64(0, BigInt(value), little);
    }),
  ]);
  return { long: [...floats, ...integers], short: [text.encode(String(value)), varint(value)] };
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) + 0x80);
  return Uint8Array.from([...out, rest]);
}

/** Paths at which one of the numbers stands, and `frame` where only the encoded frame holds it. */
export function leaksIn(captured: Captured, numbers: readonly number[], id = 1): readonly string[] {
  const found: string[] = [];
  const fields = fieldsOf(captured);
  for (const number of numbers) {
    const { long, short } = formsOf(number);
    for (const [path, value] of fields) {
      const plain = !isOpaque(path);
      const holds =
        typeof value === 'number'
          ? value === number
          : readings(value).some((bytes) =>
              [...long, ...(plain ? short : [])].some((form) => contains(bytes, form)),
            );
      if (holds) found.push(`${path} holds ${String(number)}`);
    }
    if (captured.kind === 'message') {
      const frame = frameOf(captured.message as FromAgent, id); // only an agent's messages are searched here
      if (long.some((form) => contains(frame, form))) found.push(`frame holds ${String(number)}`);
    }
  }
  return found;
}

/** The bytes that a text field may stand for: itself, and what it says in hex or base64. */
function readings(value: string | Uint8Array): readonly Uint8Array[] {
  if (typeof value !== 'string') return [value];
  const text = new TextEncoder().encode(value);
  const decoded = [fromHex, fromBase64].flatMap((decode) => {
    try {
      return [decode(value)];
    } catch {
      return [];
    }
  });
  return [text, ...decoded];
}

function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(Buffer.from(part));
}

/** What may differ when only one hospital's patients do: masked words, their digest, and what is hashed or signed over them. */
const MAY_DIFFER: readonly RegExp[] = [
  /^vector$/,
  /^masked\.envelope\.body\.vectorHash$/,
  /^masked\.contribution\.json\.m2_sha256$/,
  /^(agreement|release)\.envelope\.body\.h3$/,
  /\.signatures\[0\]\.sig$/,
  // of the round's start: the state that the last sum gave, the log that holds the digests above, the transcripts over these headers
  /\.envelope\.header\.(modelHash|head\.root)$/,
  /^(share|masked|agreement)\.envelope\.body\.(h1|h2|listHash|commitB)$/,
  /^share\.(entries|boxes)\[\d+\]\.(box|self|pair)$/,
  /^masked\.contribution\.json\.offer\.leaf$/,
];

/** Paths that differ between two runs and may not; every field must also have the same length. */
export function differences(
  one: readonly Captured[],
  other: readonly Captured[],
): readonly string[] {
  if (one.length !== other.length)
    return [`${String(one.length)} against ${String(other.length)} messages`];
  return one.flatMap((captured, i) => {
    const [left, right] = [fieldsOf(captured), fieldsOf(other[i]!)];
    const paths = new Set([...left.keys(), ...right.keys()]);
    return [...paths].flatMap((path) => {
      const [a, b] = [left.get(path), right.get(path)];
      if (typeof a !== typeof b || sizeOf(a) !== sizeOf(b)) return [`${path}: another length`];
      return isSame(a, b) || MAY_DIFFER.some((may) => may.test(path)) ? [] : [path];
    });
  });
}

type Value = string | number | Uint8Array | undefined;

function sizeOf(value: Value): number {
  return typeof value === 'object' || typeof value === 'string' ? value.length : 0;
}

function isSame(a: Value, b: Value): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return a === b;
}
