// Generated pictures with a planted shortcut: the sample that shows what Fovea is for.

export {
  drawSampleImage,
  planSampleImage,
  sampleClasses,
  sampleImagePx,
  sampleStickers,
  type SamplePart,
  type SampleImage,
  type SamplePlan,
} from './scene.ts';
export { drawGround, grounds, type Ground } from './ground.ts';
export { sampleDefaults, writeSample, type SampleOptions } from './write.ts';
