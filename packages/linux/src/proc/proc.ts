/**
 * /proc and /sys: the files that programs read, in Linux's formats.
 *
 * Every content is made at open from the system's state. Values that have no meaning here (context switches, interrupts)
 * are 0, in the place where Linux has them.
 */
import {
  bytesToString,
  type bytestr,
  type ChildProvider,
  type Dentry,
  EINVAL,
  PAGE_BYTES,
  SyntheticDirectory,
  SyntheticFileSystem,
  SyntheticLink,
  type Vnode,
} from '@tessera/vfs';
import { MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE, type RegionInfo } from '../contract.js';
import { RELEASE, VERSION } from '../limits.js';
import { type Process, RLIMIT_NOFILE, type Task, UNLIMITED } from '../process.js';
import { SignalSet } from '../signal/signals.js';
import type { LinuxSystem } from '../system.js';
import { hundredths, parseDecimal, right } from '../text.js';

const PROC_MAGIC = 0x9fa0;
const SYSFS_MAGIC = 0x62656572;

function kib(bytes: number): number {
  return Math.trunc(bytes / 1024);
}

function sixteen(set: SignalSet): string {
  return set.high.toString(16).padStart(8, '0') + set.low.toString(16).padStart(8, '0');
}

/** One line of /proc/self/maps. */
export function mapsLine(region: RegionInfo): string {
  const protection = region.protection;
  let line =
    region.start.toString(16).padStart(8, '0') +
    '-' +
    region.end.toString(16).padStart(8, '0') +
    ' ';
  line += (protection & PROT_READ) !== 0 ? 'r' : '-';
  line += (protection & PROT_WRITE) !== 0 ? 'w' : '-';
  line += (protection & PROT_EXEC) !== 0 ? 'x' : '-';
  line += (region.flags & MAP_SHARED) !== 0 ? 's' : 'p';
  line += ' ' + region.offset.toString(16).padStart(8, '0') + ' 00:00 0 ';
  if (region.name.length === 0) return line + '\n';
  return line.padEnd(73, ' ') + region.name + '\n';
}

class DescriptorLinks implements ChildProvider {
  private readonly links: ProcFiles;
  private readonly process: Process;

  constructor(links: ProcFiles, process: Process) {
    this.links = links;
    this.process = process;
  }

  find(name: bytestr): Vnode | undefined {
    const descriptor = parseDecimal(name);
    if (descriptor < 0) return undefined;
    const file = this.process.files.get(descriptor);
    if (file === undefined) return undefined;
    const dentry = file.dentry;
    const text =
      dentry === undefined ? 'anon_inode:[file]' : this.links.pathText(dentry, this.process);
    return new SyntheticLink(
      this.links.proc,
      () => text,
      () => dentry,
    );
  }

  names(): bytestr[] {
    const names: bytestr[] = [];
    for (let descriptor = 0; descriptor < this.process.files.end(); descriptor++) {
      if (this.process.files.get(descriptor) !== undefined) names.push(descriptor.toString());
    }
    return names;
  }
}

class TaskDirectories implements ChildProvider {
  private readonly files: ProcFiles;
  private readonly process: Process;

  constructor(files: ProcFiles, process: Process) {
    this.files = files;
    this.process = process;
  }

  find(name: bytestr): Vnode | undefined {
    for (let index = 0; index < this.process.tasks.length; index++) {
      const task = this.process.tasks[index];
      if (task.tid.toString() === name) return this.files.taskDirectory(task);
    }
    return undefined;
  }

  names(): bytestr[] {
    const names: bytestr[] = [];
    for (let index = 0; index < this.process.tasks.length; index++)
      names.push(this.process.tasks[index].tid.toString());
    return names;
  }
}

export class ProcFiles {
  readonly proc: SyntheticFileSystem;
  readonly sys: SyntheticFileSystem;
  private readonly system: LinuxSystem;

  constructor(system: LinuxSystem, process: Process) {
    this.system = system;
    this.proc = new SyntheticFileSystem('proc', PROC_MAGIC, system.fileClock);
    this.sys = new SyntheticFileSystem('sysfs', SYSFS_MAGIC, system.fileClock);
    this.addSystemFiles();
    this.addKernelSettings();
    this.addSysfs();
    const own = new SyntheticDirectory(this.proc, 0o555);
    this.addProcessFiles(own, process);
    const root = this.proc.rootDirectory();
    root.add(process.pid.toString(), own);
    root.symlink('self', () => process.pid.toString());
    root.symlink('thread-self', () => process.pid.toString() + '/task/' + process.pid.toString());
    root.symlink('mounts', () => 'self/mounts');
  }

  pathText(dentry: Dentry, process: Process): bytestr {
    const path = this.system.namespace.pathOf(dentry, process.place);
    return path === undefined ? '/' + dentry.name + ' (deleted)' : path;
  }

  // ---- the whole system ----

  private addSystemFiles(): void {
    const root = this.proc.rootDirectory();
    root.file(
      'version',
      () => 'Linux version ' + RELEASE + ' (tessera) (tessera-aot) ' + VERSION + '\n',
    );
    root.file('cpuinfo', () => this.cpuInfo());
    root.file('meminfo', () => this.memoryInfo());
    root.file('stat', () => this.systemStat());
    root.file(
      'uptime',
      () => hundredths(this.uptimeTicks()) + ' ' + hundredths(this.idleTicks()) + '\n',
    );
    root.file('loadavg', () => '0.00 0.00 0.00 1/1 1\n');
    root.file(
      'filesystems',
      () => 'nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\toverlay\n',
    );
    root.file('cmdline', () => 'tessera\n');
    root.file(
      'devices',
      () => 'Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n\nBlock devices:\n',
    );
    root.file('cgroups', () => '#subsys_name\thierarchy\tnum_cgroups\tenabled\n');
    root.file('swaps', () => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n');
    root.file('modules', () => '');
    const net = root.directory('net');
    net.file('if_inet6', () => '');
  }

  /** Hundredths of a second. */
  private uptimeTicks(): number {
    return Number(BigInt.asIntN(64, this.system.clock.monotonicNs() / 10000000n));
  }

  private idleTicks(): number {
    return Number(BigInt.asIntN(64, this.system.clock.idleNs() / 10000000n));
  }

  private cpuTicks(): number {
    return Number(BigInt.asIntN(64, this.system.clock.cpuTimeNs() / 10000000n));
  }

  private cpuInfo(): bytestr {
    const hardware = this.system.hardware;
    let out = '';
    for (let cpu = 0; cpu < hardware.cpuCount(); cpu++) {
      out += 'processor\t: ' + cpu.toString() + '\n';
      out += 'vendor_id\t: ' + hardware.cpuVendor() + '\n';
      out += 'cpu family\t: 6\nmodel\t\t: 6\n';
      out += 'model name\t: ' + hardware.cpuModel() + '\n';
      out += 'stepping\t: 3\n';
      out += 'cpu MHz\t\t: ' + hardware.cpuMhz().toString() + '.000\n';
      out +=
        'physical id\t: ' + cpu.toString() + '\nsiblings\t: 1\ncore id\t\t: 0\ncpu cores\t: 1\n';
      out += 'fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 13\nwp\t\t: yes\n';
      out += 'flags\t\t: ' + hardware.cpuFlags() + '\n';
      out +=
        'clflush size\t: 64\ncache_alignment\t: 64\naddress sizes\t: 40 bits physical, 48 bits virtual\n\n';
    }
    return out;
  }

  private memoryLine(name: string, value: number): string {
    return (name + ':').padEnd(16, ' ') + right(value, 8) + ' kB\n';
  }

  private memoryInfo(): bytestr {
    const total = kib(this.system.hardware.totalBytes());
    const free = kib(this.system.hardware.freeBytes());
    return (
      this.memoryLine('MemTotal', total) +
      this.memoryLine('MemFree', free) +
      this.memoryLine('MemAvailable', free) +
      this.memoryLine('Buffers', 0) +
      this.memoryLine('Cached', 0) +
      this.memoryLine('SwapCached', 0) +
      this.memoryLine('Active', total - free) +
      this.memoryLine('Inactive', 0) +
      this.memoryLine('SwapTotal', 0) +
      this.memoryLine('SwapFree', 0) +
      this.memoryLine('Dirty', 0) +
      this.memoryLine('Writeback', 0) +
      this.memoryLine('AnonPages', total - free) +
      this.memoryLine('Mapped', 0) +
      this.memoryLine('Shmem', 0) +
      this.memoryLine('CommitLimit', total) +
      this.memoryLine('Committed_AS', total - free) +
      'HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n'
    );
  }

  private systemStat(): bytestr {
    const used = this.cpuTicks();
    const idle = this.idleTicks();
    const rest = ' 0 0 0 0 0 0\n';
    let out = 'cpu  ' + used.toString() + ' 0 0 ' + idle.toString() + rest;
    const cpus = this.system.hardware.cpuCount();
    for (let cpu = 0; cpu < cpus; cpu++) {
      const ownUsed = Math.trunc(used / cpus);
      const ownIdle = Math.trunc(idle / cpus);
      out +=
        'cpu' + cpu.toString() + ' ' + ownUsed.toString() + ' 0 0 ' + ownIdle.toString() + rest;
    }
    const clock = this.system.clock;
    const started = BigInt.asIntN(64, clock.realtimeNs() - clock.monotonicNs());
    const boot = BigInt.asIntN(64, started / 1000000000n);
    return (
      out +
      'intr 0\nctxt 0\nbtime ' +
      boot.toString() +
      '\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n'
    );
  }

  private addKernelSettings(): void {
    const system = this.system;
    const sys = this.proc.rootDirectory().directory('sys');
    const kernel = sys.directory('kernel');
    kernel.file('ostype', () => 'Linux\n');
    kernel.file('osrelease', () => RELEASE + '\n');
    kernel.file('version', () => VERSION + '\n');
    kernel.control(
      'hostname',
      () => system.hostName + '\n',
      (text: bytestr): number => {
        const name = text.trim();
        if (name.length > 64) return -EINVAL;
        system.hostName = name;
        return 0;
      },
    );
    kernel.file('domainname', () => system.domainName + '\n');
    kernel.file('ngroups_max', () => '65536\n');
    kernel.file('cap_last_cap', () => '40\n');
    kernel.file('pid_max', () => '32768\n');
    kernel.file('threads-max', () => '32768\n');
    kernel.file('randomize_va_space', () => '0\n');
    kernel.file('core_pattern', () => 'core\n');
    const random = kernel.directory('random');
    random.file('entropy_avail', () => '256\n');
    random.file('poolsize', () => '256\n');
    random.file('uuid', () => this.uuid() + '\n');
    const boot = this.uuid();
    random.file('boot_id', () => boot + '\n');
    const vm = sys.directory('vm');
    vm.file('overcommit_memory', () => '1\n');
    vm.file('max_map_count', () => '65530\n');
    vm.file('swappiness', () => '60\n');
    const fs = sys.directory('fs');
    fs.file('file-max', () => '1048576\n');
    fs.file('nr_open', () => '1048576\n');
    fs.file('pipe-max-size', () => '65536\n');
    const core = sys.directory('net').directory('core');
    core.file('somaxconn', () => '4096\n');
  }

  private uuid(): string {
    const bytes = new Uint8Array(16);
    this.system.random.fill(bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let out = '';
    for (let index = 0; index < 16; index++) {
      if (index === 4 || index === 6 || index === 8 || index === 10) out += '-';
      out += bytes[index].toString(16).padStart(2, '0');
    }
    return out;
  }

  private addSysfs(): void {
    const range = (): bytestr => {
      const last = this.system.hardware.cpuCount() - 1;
      return last === 0 ? '0\n' : '0-' + last.toString() + '\n';
    };
    const root = this.sys.rootDirectory();
    const systemDirectory = root.directory('devices').directory('system');
    const cpu = systemDirectory.directory('cpu');
    cpu.file('online', range);
    cpu.file('possible', range);
    cpu.file('present', range);
    for (let index = 0; index < this.system.hardware.cpuCount(); index++)
      cpu.directory('cpu' + index.toString());
    systemDirectory.directory('node').directory('node0').file('cpulist', range);
    systemDirectory
      .directory('clocksource')
      .directory('clocksource0')
      .file('current_clocksource', () => 'tsc\n');
    const memory = root.directory('kernel').directory('mm');
    const huge = memory.directory('transparent_hugepage');
    huge.file('enabled', () => 'always [madvise] never\n');
    huge.file('defrag', () => 'always defer defer+madvise [madvise] never\n');
    huge.file('shmem_enabled', () => 'always within_size advise [never] deny force\n');
    huge.file('hpage_pmd_size', () => '2097152\n');
    memory.directory('hugepages');
    root.directory('fs').directory('cgroup');
  }

  // ---- a process ----

  private addProcessFiles(directory: SyntheticDirectory, process: Process): void {
    directory.add(
      'exe',
      new SyntheticLink(
        this.proc,
        () => process.executablePath,
        () => (process.executable === undefined ? undefined : process.executable.dentry),
      ),
    );
    directory.add(
      'cwd',
      new SyntheticLink(
        this.proc,
        () => this.pathText(process.place.cwd, process),
        () => process.place.cwd,
      ),
    );
    directory.add(
      'root',
      new SyntheticLink(
        this.proc,
        () => '/',
        () => process.place.root,
      ),
    );
    directory.file('maps', () => this.maps(process));
    directory.file('smaps', () => this.maps(process));
    directory.file('cmdline', () =>
      this.memoryText(process, process.argumentsStart, process.environmentStart),
    );
    directory.file('environ', () =>
      this.memoryText(process, process.environmentStart, process.environmentEnd),
    );
    directory.file('mounts', () => this.mounts(process));
    directory.file('mountinfo', () => this.mountInfo());
    directory.file('cgroup', () => '0::/\n');
    directory.file('limits', () => this.limits(process));
    directory.file(
      'io',
      () => 'rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n',
    );
    directory.control(
      'coredump_filter',
      () => '00000033\n',
      (_text: bytestr): number => 0,
    );
    directory.control(
      'oom_score_adj',
      () => '0\n',
      (_text: bytestr): number => 0,
    );
    directory.file('oom_score', () => '0\n');
    const main = process.tasks[0];
    this.addTaskFiles(directory, main);
    const descriptors = new SyntheticDirectory(this.proc, 0o500);
    descriptors.provide(new DescriptorLinks(this, process));
    directory.add('fd', descriptors);
    const tasks = new SyntheticDirectory(this.proc, 0o555);
    tasks.provide(new TaskDirectories(this, process));
    directory.add('task', tasks);
  }

  private addTaskFiles(directory: SyntheticDirectory, task: Task): void {
    directory.file('stat', () => this.taskStat(task));
    directory.file('statm', () => this.taskMemory(task.process));
    directory.file('status', () => this.taskStatus(task));
    directory.control(
      'comm',
      () => task.name + '\n',
      (text: bytestr): number => {
        task.name = text.trim().slice(0, 15);
        return 0;
      },
    );
  }

  taskDirectory(task: Task): SyntheticDirectory {
    const directory = new SyntheticDirectory(this.proc, 0o555);
    this.addTaskFiles(directory, task);
    return directory;
  }

  private maps(process: Process): bytestr {
    const regions = process.space.regions();
    let out = '';
    for (let index = 0; index < regions.length; index++) out += mapsLine(regions[index]);
    return out;
  }

  private memoryText(process: Process, start: number, end: number): bytestr {
    const length = end - start;
    if (length <= 0) return '';
    const bytes = new Uint8Array(length);
    if (!process.memory.copyIn(start, bytes, length)) return '';
    return bytesToString(bytes, 0, length);
  }

  private mounts(_process: Process): bytestr {
    let out = '';
    const mounts = this.system.namespace.mounts;
    for (let index = 0; index < mounts.length; index++) {
      const mount = mounts[index];
      out += mount.source + ' ' + mount.path + ' ' + mount.fileSystem.typeName;
      out += (mount.readOnly ? ' ro' : ' rw') + ',relatime 0 0\n';
    }
    return out;
  }

  private mountInfo(): bytestr {
    let out = '';
    const mounts = this.system.namespace.mounts;
    for (let index = 0; index < mounts.length; index++) {
      const mount = mounts[index];
      const mode = mount.readOnly ? 'ro' : 'rw';
      out +=
        (index + 20).toString() +
        ' ' +
        (index === 0 ? '1' : '20') +
        ' 0:' +
        mount.fileSystem.deviceId.toString();
      out +=
        ' / ' +
        mount.path +
        ' ' +
        mode +
        ',relatime - ' +
        mount.fileSystem.typeName +
        ' ' +
        mount.source +
        ' ' +
        mode +
        '\n';
    }
    return out;
  }

  private limits(process: Process): bytestr {
    const line = (name: string, index: number, unit: string): string => {
      const soft = process.softLimits[index];
      const hard = process.hardLimits[index];
      const softText = soft === UNLIMITED ? 'unlimited' : soft.toString();
      const hardText = hard === UNLIMITED ? 'unlimited' : hard.toString();
      return (
        name.padEnd(26, ' ') +
        softText.padEnd(21, ' ') +
        hardText.padEnd(21, ' ') +
        unit.padEnd(10, ' ') +
        '\n'
      );
    };
    return (
      'Limit                     Soft Limit           Hard Limit           Units     \n' +
      line('Max cpu time', 0, 'seconds') +
      line('Max file size', 1, 'bytes') +
      line('Max data size', 2, 'bytes') +
      line('Max stack size', 3, 'bytes') +
      line('Max core file size', 4, 'bytes') +
      line('Max open files', RLIMIT_NOFILE, 'files')
    );
  }

  private mappedBytes(process: Process): number {
    const regions = process.space.regions();
    let total = 0;
    for (let index = 0; index < regions.length; index++)
      total += regions[index].end - regions[index].start;
    return total;
  }

  private residentBytes(): number {
    return this.system.hardware.totalBytes() - this.system.hardware.freeBytes();
  }

  private taskMemory(process: Process): bytestr {
    const pages = Math.trunc(this.mappedBytes(process) / PAGE_BYTES);
    const resident = Math.trunc(this.residentBytes() / PAGE_BYTES);
    return pages.toString() + ' ' + resident.toString() + ' 0 0 0 ' + pages.toString() + ' 0\n';
  }

  private taskStat(task: Task): bytestr {
    const process = task.process;
    const start = Number(BigInt.asIntN(64, process.startNs / 10000000n));
    let out = task.tid.toString() + ' (' + task.name + ') R ' + process.parentPid.toString() + ' ';
    out +=
      process.group.toString() +
      ' ' +
      process.session.toString() +
      ' 0 ' +
      process.group.toString();
    out +=
      ' 4194304 0 0 0 0 ' +
      this.cpuTicks().toString() +
      ' 0 0 0 20 0 ' +
      process.tasks.length.toString() +
      ' 0 ';
    out += start.toString() + ' ' + this.mappedBytes(process).toString() + ' ';
    out += Math.trunc(this.residentBytes() / PAGE_BYTES).toString() + ' 18446744073709551615';
    // From startcode to exit_code: 27 fields that tell nothing about a running program here.
    for (let index = 0; index < 27; index++) out += ' 0';
    return out + '\n';
  }

  private taskStatus(task: Task): bytestr {
    const process = task.process;
    const who = process.place.credentials;
    const uid = who.uid.toString();
    const gid = who.gid.toString();
    const ignored = new SignalSet();
    const caught = new SignalSet();
    for (let signal = 1; signal < process.actions.length; signal++) {
      const handler = process.actions[signal].handler;
      if (handler === 1) ignored.add(signal);
      else if (handler !== 0) caught.add(signal);
    }
    const pending = new SignalSet();
    task.pending.addTo(pending);
    const shared = new SignalSet();
    process.pending.addTo(shared);
    const id = (text: string): string =>
      '\t' + text + '\t' + text + '\t' + text + '\t' + text + '\n';
    const size = right(kib(this.mappedBytes(process)), 8) + ' kB\n';
    const resident = right(kib(this.residentBytes()), 8) + ' kB\n';
    return (
      'Name:\t' +
      task.name +
      '\nUmask:\t' +
      process.place.umask.toString(8).padStart(4, '0') +
      '\nState:\tR (running)\n' +
      'Tgid:\t' +
      process.pid.toString() +
      '\nNgid:\t0\nPid:\t' +
      task.tid.toString() +
      '\nPPid:\t' +
      process.parentPid.toString() +
      '\nTracerPid:\t0\nUid:' +
      id(uid) +
      'Gid:' +
      id(gid) +
      'FDSize:\t64\nGroups:\t' +
      who.groups.join(' ') +
      '\nVmPeak:\t' +
      size +
      'VmSize:\t' +
      size +
      'VmHWM:\t' +
      resident +
      'VmRSS:\t' +
      resident +
      'Threads:\t' +
      process.tasks.length.toString() +
      '\nSigQ:\t0/1024\nSigPnd:\t' +
      sixteen(pending) +
      '\nShdPnd:\t' +
      sixteen(shared) +
      '\nSigBlk:\t' +
      sixteen(task.blocked) +
      '\nSigIgn:\t' +
      sixteen(ignored) +
      '\nSigCgt:\t' +
      sixteen(caught) +
      '\nNoNewPrivs:\t' +
      (this.system.noNewPrivileges ? '1' : '0') +
      '\nSeccomp:\t0\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n'
    );
  }
}
