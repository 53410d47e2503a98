/**
 * ResearchService over the studies port: plain conversions. Leaves to others: what a study may be and who may end it (app/).
 */
import { fromBase64, fromHex, type Bytes } from '@plexus/core';
import {
  type FetchModelResponse,
  FRAME_BYTES,
  readNumber,
  type ResearchServiceServer,
  type WatchStudyResponse,
  type WireStudyStatus,
  writeNumber,
} from '@plexus/proto';
import type { ModelView, StudiesPort, StudyEventView, StudyView } from '../app/ports.js';
import { type CallContext, streamOut, unary } from './handlers.js';

export function researchService(context: CallContext, studies: StudiesPort): ResearchServiceServer {
  return {
    getFederation: unary(context, async () => {
      const { hospitals, ...rest } = await studies.federation();
      return {
        ...rest,
        hospitals: hospitals.map(({ id, identityKey, cosignerKey }) => ({
          id,
          identityKey: fromBase64(identityKey),
          cosignerKey: fromBase64(cosignerKey),
        })),
      };
    }),
    submitStudy: unary(context, async ({ manifest }, caller) => {
      const { study, manifestSha256 } = await studies.submit(caller, manifest);
      return { study, manifestSha256: fromHex(manifestSha256) };
    }),
    startStudy: unary(context, async ({ study }, caller) => {
      await studies.start(caller, study);
      return {};
    }),
    cancelStudy: unary(context, async ({ study }, caller) => {
      await studies.cancel(caller, study);
      return {};
    }),
    getStudy: unary(context, async ({ study }, caller) => ({
      status: writeStudy(await studies.get(caller, study)),
    })),
    listStudies: unary(context, async (_request, caller) => ({
      studies: (await studies.list(caller)).map(writeStudy),
    })),
    watchStudy: streamOut(context, ({ study, after }, caller, signal) =>
      writeEvents(studies.watch(caller, study, readNumber(after, 'after'), signal)),
    ),
    fetchModel: streamOut(context, ({ study }, caller) => writeModel(studies.model(caller, study))),
  };
}

function writeStudy(view: StudyView): WireStudyStatus {
  const { modelSha256, manifestSha256, approved, refused, code } = view;
  return {
    study: view.study,
    manifestSha256: fromHex(manifestSha256),
    phase: view.phase,
    code,
    approved: [...approved],
    refused: [...refused],
    roundsDone: view.roundsDone,
    roundsPlanned: view.roundsPlanned,
    modelSha256: modelSha256 === undefined ? undefined : fromHex(modelSha256),
  };
}

async function* writeEvents(
  events: AsyncIterable<StudyEventView>,
): AsyncIterable<WatchStudyResponse> {
  for await (const event of events) {
    const { kind, round, attempt, phase, code } = event;
    yield {
      number: writeNumber(event.number),
      timeMs: writeNumber(event.timeMs),
      event: {
        ...{ kind, round, attempt, phase, code },
        hospitals: [...event.hospitals],
        metrics: [...event.metrics],
      },
    };
  }
}

async function* writeModel(view: Promise<ModelView>): AsyncIterable<FetchModelResponse> {
  const { sha256, sizeBytes, rounds, manifest, metrics, logProof, logLeaf, bytes } = await view;
  const value = {
    ...{ rounds, manifest, logProof, logLeaf },
    sha256: fromHex(sha256),
    size: writeNumber(sizeBytes),
    metrics: [...metrics],
  };
  yield { frame: { $case: 'description', value } };
  for await (const piece of inFrames(bytes)) yield { frame: { $case: 'bytes', value: piece } };
}

async function* inFrames(source: AsyncIterable<Bytes>): AsyncIterable<Bytes> {
  for await (const chunk of source)
    for (let from = 0; from < chunk.length; from += FRAME_BYTES)
      yield chunk.subarray(from, from + FRAME_BYTES);
}
