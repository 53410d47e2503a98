/** The study that `plexus study init` writes: three files that validate as they are, with a comment where a choice is. */
const STUDY = `# A study: what is asked of the hospitals. Check it with: plexus study validate
study: my-study                      # words of a-z and 0-9 joined by -
title: What this study is about, in one line
purpose: HRESCH                      # HL7 v3 PurposeOfUse: HRESCH, CLINTRCH, HQUALIMP, PUBHLTH, …
roster: [hospital-a, hospital-b, hospital-c]   # three or more, as they are enrolled
schema: schema.yaml                  # the patients' columns; features: [age] would take only some of them
model: model.yaml
seed: 1                              # initial weights and batch order; the same seed gives the same model
tasks:
  - kind: moments                    # federated means and spreads, for features with scale: federated
  - kind: train
    rounds: 15
    localSteps: 100                  # mini-batches a round at each hospital; or localEpochs
    batchSize: 4
    optimizer: { kind: sgd, learningRate: 0.01 }   # or adam
    clip: 4                          # a hospital moves a weight by at most this much in one round
    weighting: examples              # or equal
  - kind: evaluate                   # on the patients each hospital held out
privacy: { mode: none }              # not differentially private: each hospital's policy must allow it
secagg:
  cAbs: 1                            # curious hospitals that may team up with the coordinator
  wMax: 1000                         # most patients one hospital counts for; near the true size keeps sums precise
`;

const SCHEMA = `# The columns each hospital must provide, one row a patient. Units are UCUM codes, levels GB/T 39725.
unit: patient
maxLevel: 3
target: { name: disease, type: binary, class: health-status, level: 3 }
features:
  - name: age
    type: number
    unit: a
    range: [18, 110]
    outside: refuse                  # or missing, clamp
    missing: drop-row                # or refuse, { fill: centre, indicator: true }
    scale: federated                 # or none, { centre: 55, spread: 10 }
    class: personal
    level: 3
  - { name: sex, type: binary, missing: drop-row, scale: none, class: personal, level: 3 }
  - name: chest_pain
    type: category
    values: [typical, atypical, non-anginal, asymptomatic]   # the first value is the baseline
    missing: drop-row
    scale: none
    class: health-status
    level: 3
consent: { mode: opt-out }           # or opt-in with the policy codes it needs
suppression: standard                # the stricter of this and each hospital's own profile applies
`;

const MODEL = `# Layers as data; each hospital builds the same network from them.
name: logistic
loss: binaryCrossentropy
layers:
  - { type: dense, units: 1, activation: sigmoid, kernelInitializer: zeros }
`;

export const TEMPLATE: Readonly<Record<string, string>> = {
  'study.yaml': STUDY,
  'schema.yaml': SCHEMA,
  'model.yaml': MODEL,
};
