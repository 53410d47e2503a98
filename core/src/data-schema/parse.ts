/**
 * Parses the `data` section of a study: plain YAML or JSON in, a DataSchema with one spelling out, or every problem at once.
 *
 * Unknown keys are refused: a misspelt `maxMissing` must not pass as no limit. Numbers become canonical decimal strings and YAML's
 * unquoted category values strings, so that two authors who mean the same get the same digest. Parsing a parsed schema changes nothing.
 * Source: data.md section 2. Leaves to others: lines of the file (researcher/), the rest of the manifest (study/).
 */
import { canonicalDecimal } from '../base/decimal.js';
import { isFields, type Fields, type Problem } from '../base/fields.js';
import type {
  BinaryFeature,
  CategoryFeature,
  DataClass,
  DataSchema,
  Feature,
  Level,
  Missing,
  NumberFeature,
  Scale,
  SuppressionProfile,
  Target,
} from './schema.js';
import { targetFields } from './target.js';

export type SchemaProblem = Problem;

export type ParsedSchema =
  | { readonly kind: 'parsed'; readonly schema: DataSchema }
  | { readonly kind: 'refused'; readonly problems: readonly SchemaProblem[] };

const CLASSES: readonly DataClass[] = [
  'personal',
  'health-status',
  'medical-application',
  'payment',
  'resources',
  'public-health',
];
const LEVELS: readonly Level[] = [1, 2, 3, 4, 5];
const PROFILES: readonly SuppressionProfile[] = ['standard', 'strict', 'cms', 'open'];
const NAME = /^[a-z][a-z0-9_]{0,62}$/;
/** Columns of the view that are not features (data.md section 3). */
const RESERVED: ReadonlySet<string> = new Set(['patient', 'at', 'split']);
const COMMON = ['name', 'type', 'class', 'level'];
const FEATURE_KEYS = {
  number: [...COMMON, 'unit', 'range', 'outside', 'missing', 'maxMissing', 'scale'],
  integer: [...COMMON, 'unit', 'range', 'outside', 'missing', 'maxMissing', 'scale'],
  binary: [...COMMON, 'missing', 'scale'],
  category: [...COMMON, 'values', 'missing', 'scale'],
} as const;

const TARGET_TYPES = ['binary', 'category', 'number', 'integer', 'time-to-event'] as const;
const MEASURED = [...COMMON, 'unit', 'range', 'outside'];
const TARGET_KEYS = {
  binary: COMMON,
  category: [...COMMON, 'values'],
  number: MEASURED,
  integer: MEASURED,
  'time-to-event': MEASURED,
} as const;

/**
 * Parses and validates a data schema.
 *
 * Errors   none thrown: what is wrong comes back as problems, DATA_SCHEMA_INVALID or DATA_LEVEL_EXCEEDED.
 */
export function parseDataSchema(value: unknown, path: string): ParsedSchema {
  const parser = new Parser();
  const schema = parser.schema(value, path);
  return schema === undefined || parser.problems.length > 0
    ? { kind: 'refused', problems: parser.problems }
    : { kind: 'parsed', schema };
}

/** Collects problems while it descends: each method gives its value, or undefined after it noted why not. */
class Parser {
  readonly problems: SchemaProblem[] = [];

  schema(value: unknown, path: string): DataSchema | undefined {
    const fields = this.#fields(value, path, [
      'unit',
      'maxLevel',
      'target',
      'features',
      'consent',
      'suppression',
    ]);
    if (fields === undefined) return undefined;
    const unit = this.#oneOf(fields['unit'], `${path}.unit`, ['patient'] as const);
    const maxLevel = this.#oneOf(fields['maxLevel'], `${path}.maxLevel`, LEVELS);
    const target = this.#target(fields['target'], `${path}.target`);
    const features = this.#features(fields['features'], `${path}.features`);
    const consent = this.#consent(fields['consent'], `${path}.consent`);
    const suppression = this.#oneOf(fields['suppression'], `${path}.suppression`, PROFILES);
    if (
      unit === undefined ||
      maxLevel === undefined ||
      target === undefined ||
      features === undefined ||
      consent === undefined ||
      suppression === undefined
    )
      return undefined;
    const named = [target.name, ...targetFields(target).map((field) => field.name)];
    if (features.some((feature) => named.includes(feature.name)))
      this.#note(`${path}.target.name`, 'expected a name that no feature has');
    if (target.level > maxLevel) this.#levelExceeded(`${path}.target.level`, maxLevel);
    features.forEach((feature, i) => {
      if (feature.level > maxLevel)
        this.#levelExceeded(`${path}.features[${String(i)}].level`, maxLevel);
    });
    return { unit, maxLevel, target, features, consent, suppression };
  }

  #target(value: unknown, path: string): Target | undefined {
    const loose = this.#fields(value, path);
    if (loose === undefined) return undefined;
    const type = this.#oneOf(loose['type'], `${path}.type`, TARGET_TYPES);
    if (type === undefined) return undefined;
    const fields = this.#fields(value, path, TARGET_KEYS[type]);
    const common = this.#common(loose, path);
    if (type === 'binary') return fields && common && { ...common, type };
    if (type === 'category') {
      const values = this.#values(loose['values'], `${path}.values`);
      return fields && common && values && { ...common, type, values };
    }
    const unit = this.#text(loose['unit'], `${path}.unit`, 'a UCUM unit');
    const range = this.#range(loose['range'], `${path}.range`);
    const outside = this.#oneOf(loose['outside'], `${path}.outside`, ['refuse', 'clamp'] as const);
    return fields && common && unit && range && outside
      ? { ...common, type, unit, range, outside }
      : undefined;
  }

  #features(value: unknown, path: string): readonly Feature[] | undefined {
    const list = this.#list(value, path);
    if (list === undefined) return undefined;
    const seen = new Set<string>();
    const features = list.map((item, i) => {
      const feature = this.#feature(item, `${path}[${String(i)}]`);
      if (feature !== undefined && seen.has(feature.name))
        this.#note(`${path}[${String(i)}].name`, 'expected a name used once');
      if (feature !== undefined) seen.add(feature.name);
      return feature;
    });
    const complete = features.filter((feature) => feature !== undefined);
    return complete.length === features.length ? complete : undefined;
  }

  #feature(value: unknown, path: string): Feature | undefined {
    const loose = this.#fields(value, path);
    if (loose === undefined) return undefined;
    const type = this.#oneOf(loose['type'], `${path}.type`, [
      'number',
      'integer',
      'binary',
      'category',
    ] as const);
    if (type === undefined) return undefined;
    const fields = this.#fields(value, path, FEATURE_KEYS[type]);
    const common = this.#common(loose, path);
    const scale = this.#scale(loose['scale'], `${path}.scale`);
    if (type === 'number' || type === 'integer') {
      const number = this.#number(loose, path);
      if (!fields || !common || scale === undefined || !number) return undefined;
      return { type, ...common, ...number, scale } satisfies NumberFeature;
    }
    const missing = this.#oneOf(loose['missing'], `${path}.missing`, [
      'refuse',
      'drop-row',
    ] as const);
    if (type === 'binary') {
      if (!fields || !common || scale === undefined || !missing) return undefined;
      return { type, ...common, missing, scale } satisfies BinaryFeature;
    }
    const values = this.#values(loose['values'], `${path}.values`);
    if (!fields || !common || scale === undefined || !missing || !values) return undefined;
    return { type, ...common, values, missing, scale } satisfies CategoryFeature;
  }

  #common(fields: Fields, path: string): Pick<Target, 'name' | 'class' | 'level'> | undefined {
    const name = this.#name(fields['name'], `${path}.name`);
    const dataClass = this.#oneOf(fields['class'], `${path}.class`, CLASSES);
    const level = this.#oneOf(fields['level'], `${path}.level`, LEVELS);
    if (name === undefined || dataClass === undefined || level === undefined) return undefined;
    return { name, class: dataClass, level };
  }

  #number(
    fields: Fields,
    path: string,
  ): Pick<NumberFeature, 'unit' | 'range' | 'outside' | 'missing' | 'maxMissing'> | undefined {
    const unit = this.#text(fields['unit'], `${path}.unit`, 'a UCUM unit');
    const range = this.#range(fields['range'], `${path}.range`);
    const outside = this.#oneOf(fields['outside'], `${path}.outside`, [
      'refuse',
      'missing',
      'clamp',
    ] as const);
    const missing = this.#missing(fields['missing'], `${path}.missing`);
    const limit = fields['maxMissing'];
    const maxMissing = limit === undefined ? undefined : this.#share(limit, `${path}.maxMissing`);
    if (!unit || !range || !outside || !missing) return undefined;
    if (outside === 'missing' && missing === 'refuse')
      this.#note(
        `${path}.missing`,
        'expected drop-row or fill, because outside: missing makes missing values',
      );
    return { unit, range, outside, missing, ...(maxMissing === undefined ? {} : { maxMissing }) };
  }

  #missing(value: unknown, path: string): Missing | undefined {
    if (value === 'refuse' || value === 'drop-row') return value;
    if (!isFields(value)) {
      this.#note(path, 'expected refuse, drop-row or { fill: centre, indicator }');
      return undefined;
    }
    const fields = this.#fields(value, path, ['fill', 'indicator']);
    const fill = this.#oneOf(value['fill'], `${path}.fill`, ['centre'] as const);
    const indicator = this.#oneOf(value['indicator'], `${path}.indicator`, [true, false] as const);
    return !fields || !fill || indicator === undefined ? undefined : { fill, indicator };
  }

  #scale(value: unknown, path: string): Scale | undefined {
    if (value === 'federated' || value === 'none') return value;
    if (!isFields(value)) {
      this.#note(path, 'expected federated, none or { centre, spread }');
      return undefined;
    }
    const fields = this.#fields(value, path, ['centre', 'spread']);
    const centre = this.#decimal(value['centre'], `${path}.centre`);
    const spread = this.#decimal(value['spread'], `${path}.spread`);
    if (!fields || centre === undefined || spread === undefined) return undefined;
    if (Number(spread) > 0) return { centre, spread };
    this.#note(`${path}.spread`, 'expected more than 0');
    return undefined;
  }

  #range(value: unknown, path: string): readonly [string, string] | undefined {
    const list = this.#list(value, path);
    if (list === undefined) return undefined;
    const low = this.#decimal(list[0], `${path}[0]`);
    const high = this.#decimal(list[1], `${path}[1]`);
    if (
      list.length !== 2 ||
      low === undefined ||
      high === undefined ||
      !(Number(low) < Number(high))
    ) {
      this.#note(path, 'expected [low, high] with low below high');
      return undefined;
    }
    return [low, high];
  }

  #values(value: unknown, path: string): readonly string[] | undefined {
    const list = this.#list(value, path);
    if (list === undefined) return undefined;
    const values = list.map((item, i) => {
      const plain = typeof item === 'number' || typeof item === 'boolean' ? String(item) : item;
      return this.#text(plain, `${path}[${String(i)}]`, 'a text of 1 to 64 characters');
    });
    if (new Set(values).size !== values.length || values.length < 2) {
      this.#note(path, 'expected two or more different values');
      return undefined;
    }
    const complete = values.filter((item) => item !== undefined);
    return complete.length === values.length ? complete : undefined;
  }

  #consent(value: unknown, path: string): DataSchema['consent'] | undefined {
    const fields = this.#fields(value, path, ['mode', 'codes']);
    if (fields === undefined) return undefined;
    const mode = this.#oneOf(fields['mode'], `${path}.mode`, ['opt-in', 'opt-out'] as const);
    const given = fields['codes'];
    const codes =
      given === undefined || (Array.isArray(given) && given.length === 0)
        ? []
        : this.#list(given, `${path}.codes`)?.map((code, i) =>
            this.#text(code, `${path}.codes[${String(i)}]`, 'a policy code'),
          );
    const complete = codes?.filter((code) => code !== undefined);
    if (mode === undefined || complete?.length !== codes?.length || !complete) return undefined;
    if (mode === 'opt-in' && complete.length === 0)
      this.#note(`${path}.codes`, 'expected the policy codes that opt-in asks for');
    return { mode, codes: complete };
  }

  #name(value: unknown, path: string): string | undefined {
    // a run of seven digits could be a record number: audit-log.md P1
    if (
      typeof value === 'string' &&
      NAME.test(value) &&
      !/\d{7}/.test(value) &&
      !RESERVED.has(value)
    )
      return value;
    this.#note(
      path,
      'expected lower-case letters, digits and _, at most 63, and none of patient, at, split',
    );
    return undefined;
  }

  #share(value: unknown, path: string): string | undefined {
    const share = this.#decimal(value, path);
    if (share === undefined || (Number(share) >= 0 && Number(share) <= 1)) return share;
    this.#note(path, 'expected a share from 0 to 1');
    return undefined;
  }

  #decimal(value: unknown, path: string): string | undefined {
    const text = canonicalDecimal(value);
    if (text !== undefined && Number.isFinite(Number(text))) return text;
    this.#note(path, 'expected a finite number');
    return undefined;
  }

  #text(value: unknown, path: string, what: string): string | undefined {
    if (
      typeof value === 'string' &&
      value.length >= 1 &&
      value.length <= 64 &&
      value.trim() === value &&
      value.normalize('NFC') === value &&
      !/[\p{Cc}\p{Surrogate}]/u.test(value)
    )
      return value;
    this.#note(path, `expected ${what}`);
    return undefined;
  }

  #oneOf<T extends string | number | boolean>(
    value: unknown,
    path: string,
    allowed: readonly T[],
  ): T | undefined {
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) this.#note(path, `expected ${allowed.map(String).join(', ')}`);
    return found;
  }

  #list(value: unknown, path: string): readonly unknown[] | undefined {
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    if (list.length > 0) return list;
    this.#note(path, 'expected a list');
    return undefined;
  }

  #fields(value: unknown, path: string, allowed?: readonly string[]): Fields | undefined {
    if (!isFields(value)) {
      this.#note(path, 'expected a mapping');
      return undefined;
    }
    const unknown = Object.keys(value).filter((key) => allowed?.includes(key) === false);
    for (const key of unknown)
      this.#note(`${path}.${key}`, `unknown key; expected ${(allowed ?? []).join(', ')}`);
    return unknown.length === 0 ? value : allowed === undefined ? value : undefined;
  }

  #note(path: string, text: string): void {
    this.problems.push({ path, code: 'DATA_SCHEMA_INVALID', text });
  }

  #levelExceeded(path: string, maxLevel: Level): void {
    const text = `expected a level of at most ${String(maxLevel)} (maxLevel)`;
    this.problems.push({ path, code: 'DATA_LEVEL_EXCEEDED', text });
  }
}
