/** `@tessera/aot` as a KernelCompiler. Loaded only when a kernel must really be compiled. */
import { TesseraError } from '../errors.js';
import type { KernelCompiler } from './kernel-build.js';

export async function aotCompiler(): Promise<KernelCompiler> {
  const aot: Record<string, unknown> = await import('@tessera/aot');
  if (typeof aot['compileKernel'] !== 'function') {
    throw new TesseraError(
      'this @tessera/aot cannot compile kernels yet (it has no compileKernel)',
    );
  }
  throw new TesseraError('the compiler interface is not wired yet');
}
