#!/bin/bash
# Real OpenZFS in a small QEMU guest, built from Debian packages only.
#
#   zfs-guest.sh build CACHE [ZFSVER]         download, compile zfs.ko, make the initramfs (about 5 min on 2 cores, once)
#   zfs-guest.sh fetch CACHE [ZFSVER]         download the userland only (zdb, ztest, zstream, the zfs-test package): seconds, no compiler
#   zfs-guest.sh run CACHE SCRIPT [-s DIR] [-m MIB] [-t SEC] [-a ACCEL] [-z ZFSVER] [DISK...]
#   zfs-guest.sh env CACHE [ZFSVER]           print exports that put zdb, ztest, zstream, raidz_test on PATH of this host
#
# ZFSVER is 2.3.2 (default; bookworm-backports) or 2.1.11 (bookworm).  Needs root, Debian 12,
# and the packages: qemu-system-x86 busybox-static cpio gcc-12 make bc.
#
# In the guest: each DISK (raw image file) is a virtio-blk disk.  It has two names: /dev/vdX, and
# /dev/hdX1, which is the same disk under a name that `zpool create` takes for a partition, so that
# it does not write a GPT and the pool's labels begin at byte 0 of the image.
# DIR (-s) is mounted read-write at /host (9p).  SCRIPT runs under bash; its output comes back on
# stdout, its exit status is the exit status of `run` (99: the guest died before the script ended,
# which is what a script ending in `echo b > /proc/sysrq-trigger` wants: a crash without sync).
# A file vdev of a test pool is best made on the guest's tmpfs and copied to /host after `zpool export`.
set -euo pipefail
die() { echo "zfs-guest: $*" >&2; exit 2; }
[ $# -ge 2 ] || die "usage: build|fetch|run|env CACHE ..."
cmd=$1; mkdir -p "$2"; C=$(cd "$2" && pwd); shift 2

apt_private() { # a private apt state with contrib and backports; the mirror is the one this host uses
  local uri
  uri=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' | awk '$2=="bookworm"&&$3=="main"{print $1;exit}')
  [ -n "$uri" ] || die "no bookworm/main in this host's apt sources (run apt-get update)"
  local sec; sec=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' | awk '$2=="bookworm-security"&&$3=="main"{print $1;exit}')
  mkdir -p "$C"/apt/state/lists/partial "$C"/apt/cache/archives/partial "$C"/debs; : > "$C"/apt/status
  { echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri bookworm main contrib"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri bookworm-backports main contrib"
    [ -z "$sec" ] || echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $sec bookworm-security main contrib"
  } > "$C"/apt/sources.list
  cat > "$C"/apt/apt.conf <<X
Dir::Etc::sourcelist "$C/apt/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
Dir::State "$C/apt/state"; Dir::State::lists "$C/apt/state/lists"; Dir::State::status "$C/apt/status"; Dir::Cache "$C/apt/cache";
APT::Sandbox::User "root"; Acquire::Languages "none";
X
  apt-get -c "$C"/apt/apt.conf -qq update
}
fetch_debs() { # fetch_debs DIR PACKAGE[=VERSION]... : download and unpack into DIR
  local d=$1; shift; mkdir -p "$C/debs/$(basename "$d")" "$d"
  (cd "$C/debs/$(basename "$d")" && apt-get -c "$C"/apt/apt.conf -q download "$@" >/dev/null && for f in *.deb; do dpkg -x "$f" "$d"; done)
}
zver() { case $1 in 2.3.2) echo "2.3.2-2~bpo12+2 libzfs6linux libzpool6linux";; 2.1.11) echo "2.1.11-1+deb12u1 libzfs4linux libzpool5linux";; *) die "unknown zfs version $1";; esac; }
modinfo_dep() { objcopy -O binary --only-section=.modinfo "$1" /dev/stdout | tr '\0' '\n' | sed -n 's/^depends=//p' | tr ',' ' '; }
declare -A done_mod; order=()
resolve() { # depth-first: put NAME's dependencies, then NAME, into order
  local n=${1//-/_} f d; [ -z "${done_mod[$n]:-}" ] || return 0; done_mod[$n]=1
  f=$(find "$K/lib/modules" "$B/module" -name '*.ko' 2>/dev/null | awk -v n="$n" '{b=$0;sub(/.*\//,"",b);sub(/\.ko$/,"",b);gsub(/-/,"_",b);if(b==n&&!f)f=$0}END{if(f)print f}')
  [ -n "$f" ] || return 0
  for d in $(modinfo_dep "$f"); do resolve "$d"; done
  order+=("$f")
}
add_bin() { # copy a program and its libraries into the initramfs root
  local p t l; p=$1; t=$R/bin/$(basename "$p"); [ -e "$p" ] || return 0
  cp -L "$p" "$t"
  for l in $(LD_LIBRARY_PATH=$LIBS ldd "$p" 2>/dev/null | grep -o '/[^ )]*'); do
    case $l in */ld-linux*) mkdir -p "$R/lib64"; cp -Lu "$l" "$R/lib64/";; *) cp -Lu "$l" "$R/lib/x86_64-linux-gnu/";; esac
  done
}

build() {
  local v=${1:-2.3.2} pv zl zp kabi
  read -r pv zl zp <<<"$(zver "$v")"
  for t in gcc-12 make cpio busybox objcopy bc; do command -v $t >/dev/null || die "missing program: $t"; done
  apt_private
  K=$C/kernel
  if [ ! -e "$K/.ok" ]; then
    kabi=$(apt-cache -c "$C"/apt/apt.conf show linux-image-amd64 | sed -n 's/^Depends: linux-image-\(6\.1\.[^ ]*\)-amd64.*/\1/p' | sort -V | tail -1)
    fetch_debs "$K" "linux-image-$kabi-amd64" "linux-headers-$kabi-amd64" "linux-headers-$kabi-common" linux-kbuild-6.1
    echo "$kabi" > "$K/.abi"; sed -i "s#/usr/src/#$K/usr/src/#" "$K/usr/src/linux-headers-$kabi-amd64/Makefile"; touch "$K/.ok"
  fi
  kabi=$(cat "$K/.abi")
  U=$C/zfs-$v; B=$C/build-$v
  [ -e "$U/.ok" ] || { fetch_debs "$U" zfs-dkms="$pv" zfsutils-linux="$pv" zfs-test="$pv" libnvpair3linux="$pv" libuutil3linux="$pv" "$zl=$pv" "$zp=$pv"; touch "$U/.ok"; }
  [ -e "$C/tools/.ok" ] || { fetch_debs "$C/tools" acl attr libacl1 libattr1 fio libaio1 e2fsprogs keyutils; touch "$C/tools/.ok"; }
  if [ ! -e "$B/module/zfs.ko" ] && [ ! -e "$B/module/zfs/zfs.ko" ]; then
    rm -rf "$B"; cp -a "$U/usr/src/zfs-$v" "$B"
    (cd "$B" && CC=gcc-12 ./configure --disable-dependency-tracking --prefix=/usr --with-config=kernel \
       --with-linux="$K/usr/src/linux-headers-$kabi-common" --with-linux-obj="$K/usr/src/linux-headers-$kabi-amd64" && make -j"$(nproc)") > "$C/build-$v.log" 2>&1 ||
      die "module build failed, see $C/build-$v.log"
  fi
  R=$C/root-$v; rm -rf "$R"; mkdir -p "$R"/{bin,sbin,lib/x86_64-linux-gnu,usr,proc,sys,dev,etc,tmp,host,mod,root,run,var/run,var/tmp,mnt,pools}
  for l in bin lib; do ln -s ../$l "$R/usr/$l"; done; ln -s ../bin "$R/usr/sbin"; rmdir "$R/sbin"; ln -s bin "$R/sbin"
  cp "$(command -v busybox)" "$R/bin/busybox"
  LIBS=$U/lib/x86_64-linux-gnu:$U/usr/lib/x86_64-linux-gnu:$C/tools/lib/x86_64-linux-gnu:$C/tools/usr/lib/x86_64-linux-gnu
  for p in zpool zfs zdb zstream zhack zinject zgenhostid mount.zfs ztest; do add_bin "$U/sbin/$p"; done
  add_bin "$U/usr/bin/raidz_test"; ln -s zstream "$R/bin/zstreamdump"
  for p in setfacl getfacl setfattr getfattr; do add_bin "$C/tools/usr/bin/$p"; add_bin "$C/tools/bin/$p"; done
  add_bin "$C/tools/sbin/mke2fs"; ln -sf mke2fs "$R/bin/mkfs.ext4"; add_bin "$C/tools/usr/bin/fio"
  for p in bash truncate dd stat sha256sum cp mv sync openssl python3; do [ $p = python3 ] || add_bin "$(command -v $p || echo /none)"; done
  cp -L /lib/x86_64-linux-gnu/libgcc_s.so.1 "$R/lib/x86_64-linux-gnu/"
  mkdir -p "$R/usr/share"; cp -a "$U/usr/share/zfs" "$R/usr/share/" 2>/dev/null || true; rm -rf "$R/usr/share/zfs/zfs-tests"
  for s in $("$R/bin/busybox" --list); do [ -e "$R/bin/$s" ] || ln -s busybox "$R/bin/$s"; done
  echo 'root:x:0:0:root:/root:/bin/bash
user:x:1000:1000:user:/root:/bin/bash' > "$R/etc/passwd"; echo 'root:x:0:
user:x:1000:' > "$R/etc/group"; ln -s /proc/mounts "$R/etc/mtab"
  for m in virtio_pci virtio_blk 9pnet_virtio 9p crc32c_generic ext4 zfs virtio_rng; do resolve $m; done
  : > "$R/mod/order"; for f in "${order[@]}"; do cp "$f" "$R/mod/"; strip --strip-debug "$R/mod/$(basename "$f")"; basename "$f" >> "$R/mod/order"; done
  cat > "$R/init" <<'X'
#!/bin/busybox sh
export PATH=/bin:/sbin HOME=/root
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev; mkdir -p /dev/shm /dev/pts; mount -t tmpfs -o size=90% t /pools; mount -t tmpfs t /tmp; mount -t devpts d /dev/pts
echo 1 > /proc/sys/kernel/printk
for m in $(cat /mod/order); do o=; [ $m = zfs.ko ] && o=$(sed -n 's/.*zfsopts=\([^ ]*\).*/\1/p' /proc/cmdline | tr , ' '); insmod /mod/$m $o || echo "insmod $m failed"; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 host /host || echo "no /host"
mknod /dev/zfs c 10 $(awk '$2=="zfs"{print $1}' /proc/misc) 2>/dev/null
for d in a b c d e f g h i j k l m n o p; do [ -b /dev/vd$d ] && mknod /dev/hd${d}1 b $(tr : ' ' < /sys/block/vd$d/dev); done
[ -f /host/.hostid ] && cp /host/.hostid /etc/hostid
hostname zfsguest; ip link set lo up
cd /root
bash /host/.script > /dev/ttyS0 2>&1 < /dev/null; rc=$?
cd /; umount /host; echo "@@zfs-guest-rc $rc" > /dev/ttyS0; sleep 0.1
echo o > /proc/sysrq-trigger; sleep 5
X
  chmod +x "$R/init"; (cd "$R" && find . | cpio -o -H newc --quiet | gzip -1) > "$C/initrd-$v.gz"
  cp "$K/boot/vmlinuz-$kabi-amd64" "$C/vmlinuz"; echo "built: $C/vmlinuz $C/initrd-$v.gz (linux $kabi, zfs $v)"
}

run() {
  local script=$1; shift
  local share="" mem=3072 tmo=600 v=2.3.2 accel="" opts="" disks=() args=() rc=99 n=0
  while [ $# -gt 0 ]; do case $1 in -s) share=$2; shift 2;; -m) mem=$2; shift 2;; -t) tmo=$2; shift 2;; -a) accel=$2; shift 2;; -z) v=$2; shift 2;; -o) opts=$2; shift 2;; *) disks+=("$1"); shift;; esac; done
  [ -n "$accel" ] || { accel=tcg,thread=multi,tb-size=512; }
  local own=""; [ -n "$share" ] || { share=$(mktemp -d); own=$share; }
  cp "$script" "$share/.script"
  for d in "${disks[@]}"; do args+=(-drive "file=$d,format=raw,if=virtio,cache=${ZFS_GUEST_CACHE:-writeback}"); n=$((n+1)); done
  local log; log=$(mktemp)
  timeout "$tmo" qemu-system-x86_64 -accel "$accel" -machine q35 -m "$mem" -smp "${ZFS_GUEST_CPUS:-2}" -nodefaults -no-user-config -display none -no-reboot \
    -kernel "$C/vmlinuz" -initrd "$C/initrd-$v.gz" -append "console=ttyS0 quiet panic=-1 zfsopts=$opts" -serial stdio -device virtio-rng-pci \
    -virtfs "local,path=$share,mount_tag=host,security_model=none" "${args[@]}" < /dev/null | tr -d '\r' | tee "$log" | sed -u '/^@@zfs-guest-rc/d' || true
  rc=$(sed -n 's/.*@@zfs-guest-rc \([0-9]*\).*/\1/p' "$log" | tail -1); rm -f "$log" "$share/.script"; [ -z "$own" ] || rm -rf "$own"
  return "${rc:-99}"
}
fetch() { # the userland, without compiling: what CI needs to have zdb
  local v=${1:-2.3.2} pv zl zp U
  read -r pv zl zp <<<"$(zver "$v")"; U=$C/zfs-$v
  if [ ! -e "$U/.ok" ]; then
    apt_private
    fetch_debs "$U" zfs-dkms="$pv" zfsutils-linux="$pv" zfs-test="$pv" libnvpair3linux="$pv" libuutil3linux="$pv" "$zl=$pv" "$zp=$pv"; touch "$U/.ok"
  fi
  hostenv "$v"
}
hostenv() { local U=$C/zfs-${1:-2.3.2}; echo "export LD_LIBRARY_PATH=$U/lib/x86_64-linux-gnu:$U/usr/lib/x86_64-linux-gnu PATH=$U/sbin:$U/usr/bin:\$PATH"; }
case $cmd in build) build "$@";; fetch) fetch "$@";; run) run "$@";; env) hostenv "$@";; *) die "unknown command $cmd";; esac
