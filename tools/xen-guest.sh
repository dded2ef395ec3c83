#!/bin/bash
# A real Xen 4.17 with a dom0, nested in QEMU (TCG), built from Debian packages only; boots one guest in it.
#
#   xen-guest.sh build CACHE                      download and unpack Xen, its toolstack and a dom0 kernel (about 300 MB, once)
#   xen-guest.sh run CACHE GUEST.ELF [-m MIB] [-d DISK] [-n] [-c CMDLINE] [-r RAMDISK] [-w SECONDS] [-x COMMAND]
#   xen-guest.sh tiny OUT.ELF                     write a PVH guest that says hello through the debug port and powers off
#
# Needs no root. Debian 12 packages: qemu-system-x86 busybox-static cpio gcc binutils.
#
# The guest is a PVH ELF. -d gives it DISK (a raw image) as xvda through blkback, -n a network card through netback with
# dom0 at 10.1.1.1/24, -m its memory (16), -w how long dom0 waits for it to end (30), -x a shell command that dom0 runs once
# the guest has been up for two seconds (xl, ping and busybox are there). The transcript goes to stdout: `xl info`,
# `xl list`, the guest's console, its writes to port 0xe9 and COM1 as `(d1) ...`, and the store below its data/ folder.
# What is on the disk afterwards is given as its sha256. The exit status is 0 when the transcript is complete.
set -euo pipefail
die() { echo "xen-guest: $*" >&2; exit 2; }
[ $# -ge 2 ] || die "usage: build CACHE | run CACHE GUEST.ELF ... | tiny OUT.ELF"
cmd=$1; where=$2; shift 2

packages="xen-hypervisor-4.17-amd64 xen-utils-4.17 xen-utils-common xenstore-utils libxenmisc4.17 libxencall1
 libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxenhypfs1 libxenstore4 libxentoolcore1
 libxentoollog1 libyajl2 libnl-3-200 libnl-route-3-200"

build() {
  local cache=$1 kernel
  mkdir -p "$cache/debs"
  kernel=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image-6/{print $2; exit}')
  [ -n "$kernel" ] || die "apt does not know linux-image-amd64 (run apt-get update)"
  # shellcheck disable=SC2086
  (cd "$cache/debs" && apt-get download $packages "$kernel")
  rm -rf "$cache/root"
  for deb in "$cache"/debs/*.deb; do dpkg -x "$deb" "$cache/root"; done
  zcat "$cache/root/boot/xen-4.17-amd64.gz" > "$cache/xen.elf"
  echo "built $cache: $(du -sh "$cache" | cut -f1)"
}

tiny() {
  local out=$1 dir
  dir=$(mktemp -d); trap 'rm -rf "$dir"' RETURN
  cat > "$dir/tiny.S" <<'S'
.section .note.Xen,"a",@note
.align 4
.long 4, 4, 18            /* XEN_ELFNOTE_PHYS32_ENTRY */
.asciz "Xen"
.long _start
.text
.code32
.globl _start
_start:
  mov $stack,%esp
  mov $message,%esi
1: lodsb
  test %al,%al
  jz 2f
  out %al,$0xe9
  jmp 1b
2: mov $0x40000000,%ebp   /* find Xen's leaves, then its hypercall page */
3: mov %ebp,%eax
  cpuid
  cmp $0x566e6558,%ebx
  je 4f
  add $0x100,%ebp
  cmp $0x40010000,%ebp
  jb 3b
  jmp 5f
4: lea 2(%ebp),%eax
  cpuid
  mov %ebx,%ecx
  mov $page,%eax
  xor %edx,%edx
  wrmsr
  mov $2,%ebx              /* SCHEDOP_shutdown, reason 0: power off */
  mov $reason,%ecx
  mov $page+29*32,%eax
  call *%eax
5: hlt
  jmp 5b
message: .asciz "TINY-PVH-HELLO\n"
.align 4
reason: .long 0
.bss
.align 4096
page: .skip 4096
.skip 4096
stack:
S
  cat > "$dir/tiny.ld" <<'S'
ENTRY(_start)
PHDRS { text PT_LOAD FLAGS(7); note PT_NOTE FLAGS(4); }
SECTIONS { . = 0x100000; .text : { *(.text*) } :text .note : { *(.note.Xen) } :text :note .bss : { *(.bss*) } :text
 /DISCARD/ : { *(.comment) *(.eh_frame) } }
S
  gcc -m32 -c "$dir/tiny.S" -o "$dir/tiny.o"
  ld -m elf_i386 -z noexecstack -T "$dir/tiny.ld" "$dir/tiny.o" -o "$out"
}

# The dom0 initramfs: busybox, the toolstack with its libraries, backend modules, and a script that runs the guest.
initramfs() {
  local root=$1 out=$2 guest=$3 dir libs tool path module
  dir=$(mktemp -d)
  export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu:$root/usr/lib/xen-4.17/lib/x86_64-linux-gnu
  mkdir -p "$dir"/{bin,proc,sys,dev,run,var/run/xen,var/log/xen,var/lib/xen,var/lib/xenstored,etc/xen/scripts,mod,lib/x86_64-linux-gnu,lib64,usr/lib/xen-4.17}
  cp /usr/bin/busybox "$dir/bin/"
  cp -a "$root/usr/lib/xen-4.17/bin" "$dir/usr/lib/xen-4.17/"
  rm -f "$dir"/usr/lib/xen-4.17/bin/{oxenstored,pygrub} "$dir"/usr/lib/xen-4.17/bin/test-*
  libs=$(mktemp)
  for tool in xl xenstored xenconsoled xen-init-dom0 xenconsole libxl-save-helper xenstore; do
    path=$(find "$root/usr" -type f \( -path '*/bin/*' -o -path '*/sbin/*' \) -name "$tool" | head -1)
    [ -n "$path" ] || continue
    cp -n "$path" "$dir/bin/"
    ldd "$path" | awk '/=> \//{print $3}' >> "$libs"
  done
  sort -u "$libs" | while read -r path; do cp -Ln "$path" "$dir/lib/x86_64-linux-gnu/"; done
  rm "$libs"
  cp -L /lib/x86_64-linux-gnu/libgcc_s.so.1 "$dir/lib/x86_64-linux-gnu/"
  cp -L /lib64/ld-linux-x86-64.so.2 "$dir/lib64/"
  for module in xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xenfs xen-blkback xen-netback loop; do
    cp "$(find "$root/lib/modules" -name $module.ko)" "$dir/mod/"
  done
  for tool in read write list ls rm; do ln -sf xenstore "$dir/bin/xenstore-$tool"; done
  cat > "$dir/etc/xen/scripts/block" <<'S'
#!/bin/sh
export PATH=/bin
if [ "$1" = add ]; then d=$(xenstore-read $XENBUS_PATH/params); xenstore-write $XENBUS_PATH/physical-device $(stat -c %t:%T $d) $XENBUS_PATH/hotplug-status connected; fi
S
  cat > "$dir/etc/xen/scripts/vif-route" <<'S'
#!/bin/sh
export PATH=/bin
if [ "$1" = online -o "$1" = add ]; then ifconfig $vif 10.1.1.1 netmask 255.255.255.0 up; xenstore-write $XENBUS_PATH/hotplug-status connected; fi
S
  cp "$dir/etc/xen/scripts/vif-route" "$dir/etc/xen/scripts/vif-bridge"
  chmod +x "$dir"/etc/xen/scripts/*
  cp "$guest" "$dir/guest.elf"
  [ -z "$disk" ] || cp "$disk" "$dir/disk.img"
  [ -z "$ramdisk" ] || cp "$ramdisk" "$dir/ramdisk"
  {
    echo 'name="guest"'; echo 'type="pvh"'; echo 'kernel="/guest.elf"'; echo "memory=$memory"; echo 'vcpus=1'
    echo "extra=\"$cmdline\""; echo 'on_poweroff="preserve"'; echo 'on_reboot="preserve"'; echo 'on_crash="preserve"'
    [ -z "$ramdisk" ] || echo 'ramdisk="/ramdisk"'
    [ -z "$disk" ] || echo "disk=['phy:/dev/loop0,xvda,w']"
    [ -z "$net" ] || echo "vif=['mac=00:16:3e:00:00:01,script=vif-route']"
  } > "$dir/guest.cfg"
  echo "$command" > "$dir/command"
  echo "$seconds" > "$dir/seconds"
  cat > "$dir/init" <<'S'
#!/bin/busybox sh
/bin/busybox --install -s /bin; export PATH=/bin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev; mkdir -p /dev/pts; mount -t devpts pts /dev/pts
for m in xen-privcmd xenfs xen-evtchn xen-gntdev xen-gntalloc loop xen-blkback xen-netback; do insmod /mod/$m.ko || echo NOMOD $m; done
mount -t xenfs x /proc/xen; mkdir -p /run/xen /run/xenstored /run/lock; touch /etc/xen/xl.conf
xenstored --pid-file /run/xenstored.pid; xenconsoled --pid-file=/run/xenconsoled.pid --log=all --log-dir=/var/log/xen
xen-init-dom0
echo "== xl info"; xl info | grep -E 'xen_version|virt_caps|total_memory|free_mem'
[ -f /disk.img ] && losetup /dev/loop0 /disk.img
echo "== xl create $(cat /proc/uptime)"; xl create /guest.cfg; echo "rc=$? $(cat /proc/uptime)"
sleep 2
[ -n "$(cat /command)" ] && { echo "== command"; sh -c "$(cat /command)"; }
n=$(cat /seconds)
while [ $n -gt 0 ] && ! xl list guest | tail -1 | awk '{print $5}' | grep -q '[sc]'; do sleep 1; n=$((n-1)); done
echo "== xl list"; xl list
echo "== console"; cat /var/log/xen/guest-guest.log; echo
echo "== store"; xenstore-ls -f /local/domain/1/data; xenstore-ls -f /local/domain/0/backend | grep -E 'state|hotplug'
echo "== xl dmesg"; xl dmesg | grep '(d1)\|d1v0\|Guest' | tail -40
[ -f /disk.img ] && { losetup -d /dev/loop0; echo "== disk $(sha256sum /disk.img | cut -c1-64)"; }
echo "== complete"; poweroff -f
S
  chmod +x "$dir/init"
  (cd "$dir" && find . | cpio -o -H newc 2>/dev/null | gzip -1) > "$out"
  rm -rf "$dir"
}

run() {
  local cache=$1 guest=$2; shift 2
  memory=16 disk='' net='' cmdline='' ramdisk='' seconds=30 command=''
  while getopts m:d:nc:r:w:x: option; do
    case $option in
      m) memory=$OPTARG ;; d) disk=$OPTARG ;; n) net=yes ;; c) cmdline=$OPTARG ;;
      r) ramdisk=$OPTARG ;; w) seconds=$OPTARG ;; x) command=$OPTARG ;; *) die "unknown option" ;;
    esac
  done
  [ -f "$cache/xen.elf" ] || die "run '$0 build $cache' first"
  [ -f "$guest" ] || die "no such guest: $guest"
  work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
  transcript=$work/transcript # global: the trap runs after this function
  initramfs "$cache/root" "$work/dom0.gz" "$guest"
  # This CPU model only: with others dom0 crashes on SMAP, or nested paging is missing.
  timeout $((seconds + 240)) qemu-system-x86_64 -M q35 -accel tcg -cpu qemu64,+svm,+npt,+nrip-save -m 1024 -nodefaults \
    -display none -serial stdio -no-reboot -kernel "$cache/xen.elf" \
    -append "dom0_mem=640M,max:640M console=com1 com1=115200,8n1 loglvl=warning guest_loglvl=all" \
    -initrd "$(ls "$cache"/root/boot/vmlinuz-*) console=hvc0 quiet,$work/dom0.gz" < /dev/null | tr -d '\r' | tee "$transcript"
  grep -q '^== complete' "$transcript"
}

case $cmd in
  build) build "$where" ;;
  tiny) tiny "$where" ;;
  run) [ $# -ge 1 ] || die "run CACHE GUEST.ELF"; run "$where" "$@" ;;
  *) die "unknown command $cmd" ;;
esac
