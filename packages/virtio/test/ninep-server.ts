import fs from 'node:fs';
import path from 'node:path';
import { NineP, NinePReader, type NinePServer, NinePWriter } from '../src/index.js';

const bytestr = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const unbytestr = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');

/** A folder of the host as 9P2000.L: what QEMU's `-fsdev local` does, for tests. */
export class FolderServer implements NinePServer {
  readonly fids = new Map<number, { path: string; fd: number | undefined }>();
  constructor(readonly root: string) {}

  answer(request: Uint8Array, roomBytes: number): Uint8Array {
    const reader = new NinePReader(request);
    reader.begin(0, request.length);
    reader.u32();
    const type = reader.u8();
    const tag = reader.u16();
    const out = new NinePWriter(new Uint8Array(roomBytes));
    out.begin(type + 1, tag);
    try {
      this.serve(type, reader, out, roomBytes);
    } catch (error) {
      out.begin(NineP.LError, tag);
      const errno = (error as NodeJS.ErrnoException).errno;
      out.u32(errno === undefined ? 22 : -errno);
    }
    out.end();
    return out.bytes.subarray(0, out.length);
  }

  fid(id: number): { path: string; fd: number | undefined } {
    const fid = this.fids.get(id);
    if (fid === undefined) throw Object.assign(new Error('EBADF'), { errno: -9 });
    return fid;
  }

  qid(out: NinePWriter, stat: fs.Stats): void {
    out.u8(stat.isDirectory() ? 0x80 : stat.isSymbolicLink() ? 2 : 0);
    out.u32(0);
    out.u64(stat.ino);
  }

  serve(type: number, reader: NinePReader, out: NinePWriter, roomBytes: number): void {
    if (type === NineP.Version) {
      out.u32(Math.min(reader.u32(), roomBytes));
      out.text('9P2000.L');
      return;
    }
    const id = reader.u32();
    if (type === NineP.Attach) {
      this.fids.set(id, { path: this.root, fd: undefined });
      this.qid(out, fs.lstatSync(this.root));
      return;
    }
    const fid = this.fid(id);
    const child = (): string => path.join(fid.path, unbytestr(reader.text()));
    switch (type) {
      case NineP.Walk: {
        const next = reader.u32();
        const count = reader.u16();
        let at = fid.path;
        const stats: fs.Stats[] = [];
        for (let i = 0; i < count; i += 1) {
          at = path.join(at, unbytestr(reader.text()));
          const stat = fs.lstatSync(at, { throwIfNoEntry: false });
          if (stat === undefined) {
            if (i === 0) throw Object.assign(new Error('ENOENT'), { errno: -2 });
            break;
          }
          stats.push(stat);
        }
        if (stats.length === count) this.fids.set(next, { path: at, fd: undefined });
        out.u16(stats.length);
        for (const stat of stats) this.qid(out, stat);
        return;
      }
      case NineP.LOpen:
        fid.fd = fs.openSync(fid.path, reader.u32() & 0o3003);
        this.qid(out, fs.fstatSync(fid.fd));
        out.u32(0);
        return;
      case NineP.LCreate: {
        fid.path = child();
        const flags = reader.u32();
        fid.fd = fs.openSync(
          fid.path,
          (flags & 0o3003) | fs.constants.O_CREAT,
          reader.u32() & 0o7777,
        );
        this.qid(out, fs.fstatSync(fid.fd));
        out.u32(0);
        return;
      }
      case NineP.Read: {
        const offset = reader.u64();
        const bytes = new Uint8Array(Math.min(reader.u32(), roomBytes - 11));
        const count = fs.readSync(fid.fd!, bytes, 0, bytes.length, offset);
        out.data(bytes, 0, count);
        return;
      }
      case NineP.Write: {
        const offset = reader.u64();
        const bytes = new Uint8Array(reader.u32());
        reader.copy(bytes, 0, bytes.length);
        out.u32(fs.writeSync(fid.fd!, bytes, 0, bytes.length, offset));
        return;
      }
      case NineP.Clunk:
        if (fid.fd !== undefined) fs.closeSync(fid.fd);
        this.fids.delete(id);
        return;
      case NineP.GetAttributes: {
        const stat = fs.lstatSync(fid.path);
        out.u64(0x7ff);
        this.qid(out, stat);
        for (const value of [stat.mode, stat.uid, stat.gid]) out.u32(value);
        for (const value of [stat.nlink, stat.rdev, stat.size, stat.blksize, stat.blocks])
          out.u64(value);
        for (const ms of [stat.atimeMs, stat.mtimeMs, stat.ctimeMs, 0]) {
          out.u64(Math.trunc(ms / 1000));
          out.u64(Math.trunc((ms % 1000) * 1e6));
        }
        out.u64(0);
        out.u64(0);
        return;
      }
      case NineP.SetAttributes: {
        const valid = reader.u32();
        const mode = reader.u32();
        reader.u64();
        const size = reader.u64();
        if ((valid & 1) !== 0) fs.chmodSync(fid.path, mode & 0o7777);
        if ((valid & 8) !== 0) fs.truncateSync(fid.path, size);
        return;
      }
      case NineP.ReadDirectory: {
        const offset = reader.u64();
        const names = fs.readdirSync(fid.path).sort();
        const room = Math.min(reader.u32(), roomBytes - 11);
        const body = new NinePWriter(new Uint8Array(room));
        for (let i = offset; i < names.length; i += 1) {
          const name = bytestr(names[i]);
          if (body.length + 24 + name.length > room) break;
          const stat = fs.lstatSync(path.join(fid.path, names[i]));
          this.qid(body, stat);
          body.u64(i + 1);
          body.u8(stat.isDirectory() ? 4 : 8);
          body.text(name);
        }
        out.data(body.bytes, 0, body.length);
        return;
      }
      case NineP.MakeDirectory: {
        const at = child();
        fs.mkdirSync(at, reader.u32() & 0o7777);
        this.qid(out, fs.lstatSync(at));
        return;
      }
      case NineP.UnlinkAt: {
        const at = child();
        if ((reader.u32() & 0x200) !== 0) fs.rmdirSync(at);
        else fs.unlinkSync(at);
        return;
      }
      case NineP.RenameAt: {
        const from = child();
        const folder = this.fid(reader.u32());
        fs.renameSync(from, path.join(folder.path, unbytestr(reader.text())));
        return;
      }
      case NineP.Symlink: {
        const at = child();
        fs.symlinkSync(unbytestr(reader.text()), at);
        this.qid(out, fs.lstatSync(at));
        return;
      }
      case NineP.ReadLink:
        out.text(bytestr(fs.readlinkSync(fid.path)));
        return;
      case NineP.Link: {
        const other = this.fid(reader.u32());
        fs.linkSync(other.path, child());
        return;
      }
      case NineP.Sync:
        fs.fsyncSync(fid.fd!);
        return;
      default:
        throw Object.assign(new Error('ENOTSUP'), { errno: -95 });
    }
  }
}
