export { JavaImageError, type JavaImageErrorCode } from './errors.js';
export { extractEntries, type Jar, readJar } from './jar/jar.js';
export { formatManifest, type ManifestAttributes, parseManifest } from './jar/manifest.js';
export { findJdk, type Jdk, runTool } from './jdk.js';
export { closeModules, type JavaPlan, type JavaProgram, planJava } from './plan.js';
export {
  buildRuntimeImage,
  formatReport,
  type ImagePart,
  type RuntimeImage,
  type RuntimeImageOptions,
} from './runtime-image.js';
export {
  type SizedOption,
  type SizingInput,
  type SizingRefusal,
  type SizingResult,
  sizeJvm,
} from './sizing.js';
