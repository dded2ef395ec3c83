// How the image's memory is divided. HotSpot takes a quarter of memory as heap by default, which suits a shared host; an
// image has one program, so everything that the other parts do not need is heap.

const MIB = 1024 * 1024;

/** Memory (bytes) and processors of the image, and what is known of the application. */
export interface SizingInput {
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Classes that the application is expected to load; sets metaspace and code cache. */
  readonly classes?: number;
  /** Threads beside the JVM's own. */
  readonly threads?: number;
  /** A collector chosen by the user. */
  readonly collector?: 'Serial' | 'G1';
}

/** One option, why it has this value, and the bytes of memory that it commits the image to. */
export interface SizedOption {
  readonly option: string;
  readonly why: string;
  readonly bytes: number;
}

/** The division of the image's memory; `bytes` of all options and `reservedBytes` never exceed `memoryBytes`. */
export interface SizingResult {
  readonly ok: true;
  readonly options: readonly SizedOption[];
  /** Kernel, libraries' data, the C heap, file pages. */
  readonly reservedBytes: number;
}

export interface SizingRefusal {
  readonly ok: false;
  /** The least memory (whole MiB, as bytes) that would do. */
  readonly neededBytes: number;
}

const LEAST_HEAP_BYTES = 8 * MIB;
const RESERVED_BYTES = 24 * MIB;
const STACK_BYTES = 512 * 1024;
// Compiler, collector, signal, reference and service threads of a small JVM.
const JVM_THREADS = 12;

function roundDown(bytes: number): number {
  return Math.floor(bytes / MIB) * MIB;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / MIB) * MIB;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Chooses collector, heap, metaspace, code cache and stacks for an image. Pure and deterministic. */
export function sizeJvm(input: SizingInput): SizingResult | SizingRefusal {
  const classes = input.classes ?? 3000;
  const threads = JVM_THREADS + (input.threads ?? 16);
  const metaspace = roundUp(clamp(classes * 7 * 1024, 16 * MIB, 256 * MIB));
  const codeCache = roundUp(clamp(classes * 4 * 1024, 8 * MIB, 240 * MIB));
  const stacks = roundUp(threads * STACK_BYTES);
  const fixed = RESERVED_BYTES + metaspace + codeCache + stacks;
  // G1's tables and remembered sets take about a tenth of the heap; it pays with two processors and a heap worth regions.
  const collector =
    input.collector ??
    (input.cpus >= 2 && input.memoryBytes - fixed >= 512 * MIB ? 'G1' : 'Serial');
  const overheadShare = collector === 'G1' ? 0.1 : 0.02;
  const needed = roundUp(fixed + LEAST_HEAP_BYTES * (1 + overheadShare));
  if (input.memoryBytes < needed) return { ok: false, neededBytes: needed };
  const heap = Math.max(
    LEAST_HEAP_BYTES,
    roundDown((input.memoryBytes - fixed) / (1 + overheadShare)),
  );
  const overhead = Math.ceil(heap * overheadShare);
  const mib = (bytes: number): string => `${bytes / MIB}m`;
  return {
    ok: true,
    reservedBytes: RESERVED_BYTES,
    options: [
      {
        option: `-XX:+Use${collector}GC`,
        why:
          input.collector !== undefined
            ? 'chosen by you'
            : collector === 'G1'
              ? `${input.cpus} processors and a heap of at least 512 MiB`
              : 'one processor or a small heap: the serial collector has the least overhead',
        bytes: overhead,
      },
      { option: `-Xmx${mib(heap)}`, why: 'what the other parts leave of the memory', bytes: heap },
      {
        option: `-XX:MaxMetaspaceSize=${mib(metaspace)}`,
        why: `about 7 KiB for each of ${classes} classes`,
        bytes: metaspace,
      },
      {
        option: `-XX:ReservedCodeCacheSize=${mib(codeCache)}`,
        why: `about 4 KiB for each of ${classes} classes`,
        bytes: codeCache,
      },
      {
        option: `-Xss${STACK_BYTES / 1024}k`,
        why: `${threads} threads`,
        bytes: stacks,
      },
      {
        option: `-XX:ActiveProcessorCount=${input.cpus}`,
        why: 'the processors of the image',
        bytes: 0,
      },
    ],
  };
}
