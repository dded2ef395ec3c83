/** `@tessera/aot` as a KernelCompiler. Loaded only when a kernel must really be compiled. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TesseraError } from '../errors.js';
import { cacheFolder, type KernelCompiler, packageFolder, sourceHash } from './kernel-build.js';

export async function aotCompiler(verbose?: (line: string) => void): Promise<KernelCompiler> {
  const { compile, CompileError, findToolchain, formatDiagnostic } = await import('@tessera/aot');
  const home = packageFolder('@tessera/aot');
  const toolchain = (): string => {
    try {
      return findToolchain().version;
    } catch {
      throw new TesseraError(
        'clang and lld are needed to compile a kernel',
        'apt-get install -y --no-install-recommends clang lld',
      );
    }
  };
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  return {
    version: `${version} ${sourceHash('@tessera/aot', home)} ${toolchain()}`,
    async compile(entry, folder, profile) {
      try {
        await compile({
          entry,
          target: 'freestanding',
          outDir: folder,
          output: 'kernel.elf',
          profile,
          // `tsc -b` checks the packages; the entry was generated from checked descriptors.
          skipTypeCheck: false,
          cacheDir: join(cacheFolder(), 'objects'),
          ...(verbose ? { verbose } : {}),
        });
      } catch (error) {
        if (!(error instanceof CompileError)) throw error;
        throw new TesseraError(
          `the kernel does not compile:\n${error.diagnostics.map(formatDiagnostic).join('\n')}`,
        );
      }
    },
  };
}
