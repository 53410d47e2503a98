/**
 * Which folder may know which: main.ts → cli · adapters → app → core, and inside core
 * base ← data-schema · model · privacy · secagg · audit ← study ← task ← round.
 *
 * test/arch/ keeps a deliberately dirty tree that makes every rule fire. Leaves to others: what a file looks like inside (eslint).
 */
const pkg = (...names) => names.map((n) => `(^|/)node_modules/${n}(/|$)|^${n}(/|$)`);
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const band = 'study|data-schema|model|privacy|secagg|audit';
const adapters = 'grpc|store|data|log|http';
const programs = 'coordinator|node-agent|researcher|auditor|dashboard';
const npm = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg'];
const oneDoor = (name, door, ...packages) =>
  rule(
    `${name}-has-one-door`,
    `only ${door} knows ${name}`,
    { pathNot: `${door}|^test/` },
    { path: pkg(...packages) },
  );

module.exports = {
  forbidden: [
    rule('no-cycle', 'a cycle is one module in two files', {}, { circular: true }),

    // core
    rule(
      'core-does-no-io',
      'every run can be replayed',
      { path: '^core/src' },
      { dependencyTypes: ['core'] }, // 'core' means Node's built-in modules
    ),
    rule(
      'core-npm',
      'cryptography comes in as a Suite; nothing else is needed',
      { path: '^core/src' },
      { dependencyTypes: [...npm, 'npm-unknown', 'unknown'] },
    ),
    rule(
      'core-is-alone',
      'the protocol knows no program',
      { path: '^core/src' },
      { path: `^(suite|proto|runtime|engine|${programs}|sim|bench|test)/` },
    ),
    rule(
      'core-base',
      'arrows point left',
      { path: '^core/src/base/' },
      { path: '^core/src/', pathNot: '^core/src/base/' },
    ),
    rule(
      'core-band',
      'the middle band stands on base alone',
      { path: `^core/src/(${band})/`, pathNot: '^core/src/study/' },
      { path: '^core/src/', pathNot: '^core/src/(base|$1)/' },
    ),
    rule(
      'core-study',
      'a manifest has sections of data-schema and privacy, and stands on nothing else',
      { path: '^core/src/study/' },
      { path: '^core/src/', pathNot: '^core/src/(base|study|data-schema|privacy)/' },
    ),
    rule(
      'core-task',
      'a task does not know the rounds that carry it',
      { path: '^core/src/task/' },
      { path: '^core/src/(round/|index[.]ts$)' },
    ),
    rule(
      'parties-do-not-meet',
      "a party cannot peek at the other's state",
      { path: '^core/src/round/(coordinator|participant)/' },
      { path: '^core/src/round/(coordinator|participant)/', pathNot: '^core/src/round/$1/' },
    ),
    rule(
      'core-has-one-face',
      'import @plexus/core, never a file of it',
      { pathNot: '^core/|^test/core/' },
      { path: '^core/src/', pathNot: '^core/src/index[.]ts$' },
    ),
    {
      name: 'every-core-module-has-its-test',
      comment: 'a missing test is visible',
      severity: 'error',
      module: {
        path: '^core/src/(?!index)(.+)[.]ts$',
        // shapes without code, and the event tables, which event-schema's test walks type by type
        pathNot:
          '^core/src/(audit/events/.+|audit/evidence|base/catalogue/.+|data-schema/(schema|dataset)|round/(messages|coordinator/(session-state|study-state)|participant/state)|model/spec|task/(spec|context|engine-port))[.]ts$',
        numberOfDependentsLessThan: 1,
      },
      from: { path: '^test/core/' },
    },

    // libraries
    rule(
      'suite-knows-core-only',
      'cryptography knows no protocol',
      { path: '^suite/src' },
      { path: `^(proto|runtime|engine|${programs}|sim)/` },
    ),
    rule(
      'proto-knows-core-at-most',
      'the wire knows neither end',
      { path: '^proto/' },
      { path: `^(suite|runtime|engine|${programs}|sim)/` },
    ),
    rule(
      'runtime-knows-no-program',
      'the driver serves both sides alike',
      { path: '^runtime/src' },
      { path: `^(proto|engine|${programs}|sim)/` },
    ),
    rule(
      'engine-knows-core-only',
      'models run without knowing why',
      { path: '^engine/src' },
      { path: `^(suite|proto|runtime|${programs}|sim)/` },
    ),
    rule(
      'engine-runs-where-rows-are',
      'the coordinator and the auditor install no TensorFlow',
      { pathNot: '^(engine|node-agent|researcher|sim|test|bench)/' },
      { path: '^engine/' },
    ),
    rule(
      'researcher-loads-engine-lazily',
      'only predict and simulate pay for TensorFlow',
      { path: '^researcher/src' },
      { path: '^engine/', dynamic: false, dependencyTypesNot: ['type-only'] },
    ),

    // programs
    rule(
      'programs-do-not-meet',
      'an agent install carries no server',
      { path: `^(${programs})/src` },
      { path: `^(${programs})/src`, pathNot: '^($1|dashboard)/src' },
    ),
    rule(
      'auditor-trusts-nobody',
      'an auditor trusts neither side',
      { path: '^auditor/src' },
      { path: '^(proto|runtime|engine|coordinator|node-agent|researcher|dashboard|sim)/' },
    ),
    rule(
      'auditor-npm',
      'what verifies the log is small enough to read; only its command line is not all ours',
      { path: '^auditor/src' },
      {
        dependencyTypes: [...npm, 'npm-unknown', 'unknown'],
        pathNot: pkg('commander', 'picocolors'),
      },
    ),
    rule(
      'dashboard-runs-in-a-browser',
      'static pages have no Node',
      { path: '^dashboard/src' },
      { dependencyTypes: ['core'] },
    ),
    rule(
      'dashboard-is-typed-by-core',
      'static pages, typed by core',
      { path: '^dashboard/src' },
      { path: '^(suite|proto|runtime|engine|coordinator|node-agent|researcher|auditor|sim)/' },
    ),
    rule(
      'app-is-technology-free',
      'use cases read without technology',
      { path: '^(coordinator|node-agent)/src/app/' },
      { pathNot: '^$1/src/app/|^core/src/index[.]ts$|^runtime/src/drive[.]ts$' },
    ),
    rule(
      'adapters-are-siblings',
      'an adapter is replaceable alone; main.ts and cli/ build them',
      { path: `^(coordinator|node-agent)/src/(${adapters})/` },
      { path: `^$1/src/(${adapters}|cli)/`, pathNot: '^$1/src/$2/' },
    ),

    // sim and tests
    rule(
      'sim-is-one-process',
      'a simulated federation is core, suite, runtime and engine; the demo starts the real programs, it does not import them',
      { path: '^sim/', pathNot: '^sim/demo/' },
      { path: `^(proto|${programs})/` },
    ),
    rule(
      'demo-spawns-programs',
      'the demo starts the real programs as anybody would',
      { path: '^sim/demo/' },
      { path: `^(proto|${programs})/` },
    ),
    rule(
      'only-the-demo-spawns',
      'a simulated federation is one process',
      { path: '^sim/', pathNot: '^sim/demo/' },
      { path: '^(node:)?(child_process|cluster)$' },
    ),
    rule(
      'simulate-is-the-only-way-to-sim',
      'a program does not ship a simulator',
      { path: `^(${programs})/src`, pathNot: '^researcher/src/cli/simulate[.]ts$' },
      { path: '^sim/' },
    ),
    rule(
      'product-does-not-import-its-tests',
      'tests look at the product, never the other way',
      { path: `^(core|suite|proto|runtime|engine|${programs}|sim)/` },
      { path: '^(test|bench)/' },
    ),

    // packages
    rule(
      'no-undeclared-package',
      'an install of one package works alone',
      {},
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    rule(
      'proto-has-one-door',
      'only grpc/ knows the wire',
      { pathNot: '^proto/|^[^/]+/src/grpc/|^test/' },
      { path: '^proto/' },
    ),
    oneDoor(
      'grpc',
      '^proto/src/|^proto/gen/|^[^/]+/src/grpc/',
      '@grpc',
      'grpc-health-check',
      '@bufbuild/protobuf',
    ),
    oneDoor('x509', '^proto/src/|^coordinator/src/grpc/', '@peculiar', 'reflect-metadata'),
    oneDoor('sqlite', '^[^/]+/src/store/', 'better-sqlite3', 'kysely'),
    oneDoor('postgres', '^[^/]+/src/store/|^node-agent/src/data/postgres[.]ts$', 'pg', 'pg-cursor'),
    oneDoor('tensorflow', '^engine/src/', '@tensorflow'),
    oneDoor('nacl', '^suite/src/', 'tweetnacl'),
    oneDoor('duckdb', '^node-agent/src/data/duckdb[.]ts$', '@duckdb'),
    oneDoor('csv', '^node-agent/src/data/csv[.]ts$', 'csv-parse'),
    oneDoor('fhir', '^node-agent/src/data/fhir[.]ts$', 'fhirpath'),
    oneDoor(
      'dicom',
      '^node-agent/src/data/dicom[^/]*[.]ts$',
      'dicom-parser',
      '@cornerstonejs',
      'jpeg-lossless-decoder-js',
    ),
    oneDoor('hono', '^[^/]+/src/http/', 'hono', '@hono'),
    oneDoor('command-line', '^[^/]+/src/cli/', 'commander', '@clack', 'cli-table3'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['plexus-source', 'types', 'import', 'default'],
    },
  },
};
