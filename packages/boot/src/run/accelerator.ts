/**
 * Which accelerator can run a kernel at native speed.
 *
 * `/dev/kvm` alone says nothing: a software KVM (module kvm_pvm) runs guest ring 3 natively but emulates ring 0 one
 * instruction at a time, and stops the guest at SSE there. Real hardware virtualisation shows as kvm_intel or kvm_amd.
 */
import { accessSync, constants, existsSync } from 'node:fs';

export type Accelerator = 'kvm' | 'tcg';

export interface AcceleratorChoice {
  readonly accelerator: Accelerator;
  /** Why KVM is not used; undefined when it is. */
  readonly reason: string | undefined;
}

export interface HostProbe {
  readonly exists: (path: string) => boolean;
  readonly writable: (path: string) => boolean;
}

const HOST: HostProbe = {
  exists: existsSync,
  writable: (path) => {
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
      return true;
    } catch {
      return false;
    }
  },
};

export function chooseAccelerator(host: HostProbe = HOST): AcceleratorChoice {
  const tcg = (reason: string): AcceleratorChoice => ({ accelerator: 'tcg', reason });
  if (!host.exists('/dev/kvm')) return tcg('this host has no /dev/kvm');
  if (host.exists('/sys/module/kvm_pvm'))
    return tcg("this host's KVM emulates kernel code in software");
  // Without /sys (a bare chroot) nothing can be known; QEMU aborts on a KVM that cannot do what it asks, so TCG it is.
  if (!host.exists('/sys/module')) return tcg('/sys is not mounted, so KVM cannot be judged');
  if (!host.exists('/sys/module/kvm_intel') && !host.exists('/sys/module/kvm_amd')) {
    return tcg("this host's KVM has no hardware virtualisation behind it");
  }
  if (!host.writable('/dev/kvm')) return tcg('/dev/kvm is not accessible to this user (group kvm)');
  return { accelerator: 'kvm', reason: undefined };
}
