/** Builds vdevs from a configuration, with the devices that were found put where their guids stand. */
import type { BlockDevice } from '../contract.js';
import { corrupt } from '../errors.js';
import type { NvList } from '../nvlist/nvlist.js';
import { DraidSpareVdev, DraidVdev } from '../vdev/draid.js';
import { IndirectVdev, type TopReader } from '../vdev/indirect.js';
import { RaidzVdev, type ReflowState } from '../vdev/raidz.js';
import { LeafVdev, MirrorVdev, MissingVdev, type Vdev } from '../vdev/vdev.js';

const MAX_CHILDREN = 1024;
const MAX_DEPTH = 5;

export class VdevBuilder {
  readonly #devices: Map<bigint, BlockDevice>;
  readonly #reflow: ReflowState;
  readonly #tops: TopReader;

  constructor(devices: Map<bigint, BlockDevice>, reflow: ReflowState, tops: TopReader) {
    this.#devices = devices;
    this.#reflow = reflow;
    this.#tops = tops;
  }

  build(config: NvList): Vdev {
    const top = this.#node(config, 0, config.int('ashift', 9));
    if (top instanceof DraidVdev) attachSpares(top, top, 0);
    return top;
  }

  /** @depth 5 */
  #node(config: NvList, depth: number, ashift: number): Vdev {
    if (depth > MAX_DEPTH) throw corrupt('a vdev tree is too deep');
    const kind = config.text('type') ?? '';
    const children = config.lists('children');
    if (children.length > MAX_CHILDREN) throw corrupt('a vdev has too many children');
    let vdev: Vdev;
    switch (kind) {
      case 'disk':
      case 'file':
        return new LeafVdev(kind, config, this.#devices.get(config.u64('guid') ?? 0n) ?? null);
      case 'mirror':
      case 'replacing':
      case 'spare':
        vdev = new MirrorVdev(kind, config);
        break;
      case 'raidz':
        if (children.length < 2) throw corrupt('a raidz vdev has too few children');
        vdev = new RaidzVdev(config, children.length, this.#reflow);
        break;
      case 'draid':
        vdev = new DraidVdev(config, children.length);
        break;
      case 'dspare':
        return new DraidSpareVdev(config);
      case 'indirect':
        return new IndirectVdev(config, this.#tops);
      default:
        // 'hole', 'missing', and kinds that this version does not know.
        return new MissingVdev(kind, config);
    }
    for (const child of children) vdev.children.push(this.#node(child, depth + 1, ashift));
    return vdev;
  }
}

/** @depth 5 */
function attachSpares(vdev: Vdev, draid: DraidVdev, depth: number): void {
  if (depth > MAX_DEPTH) return;
  for (const child of vdev.children) {
    if (child instanceof DraidSpareVdev) child.attach(draid);
    else attachSpares(child, draid, depth + 1);
  }
}

/** Leaves below a vdev. @depth 5 */
export function collectLeaves(vdev: Vdev, out: LeafVdev[]): void {
  if (vdev instanceof LeafVdev) out.push(vdev);
  for (const child of vdev.children) collectLeaves(child, out);
}
