import { constructLinux } from '@tessera/linux/kernel';
export function main(bootInfo: number): void {
  const linux = constructLinux({}, bootInfo);
  linux.run();
}
