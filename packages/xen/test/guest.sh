#!/bin/bash
# Compiles test/native/guest.ts, boots it on a real (nested) Xen 4.17, checks what it says and keeps the transcript.
#   npm run guest -w packages/xen -- CACHE        CACHE is filled by `tools/xen-guest.sh build CACHE` if it is empty
set -euo pipefail
cache=${1:?usage: guest.sh CACHE}
root=$(cd "$(dirname "$0")/../../.." && pwd)
[ -f "$cache/xen.elf" ] || "$root/tools/xen-guest.sh" build "$cache"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
cd "$root"
node --conditions=@tessera/source --import tsx packages/aot/src/cli.ts packages/xen/test/native/guest.ts \
  -o "$work/guest.elf" --target freestanding
printf 'TESSERA-XEN-DISK' > "$work/disk.img"
truncate -s 8M "$work/disk.img"
tools/xen-guest.sh run "$cache" "$work/guest.elf" -m 32 -d "$work/disk.img" -n -w 60 > "$work/out"
sed -n '/^== xl info/,/^== complete/p' "$work/out" | grep -v '^(XEN)' > docs/xen-transcript.txt
expected=$(python3 - "$work/disk.img" <<'P'
import hashlib, sys
disk = bytearray(open(sys.argv[1], 'rb').read())
disk[65536:65536 + 262144] = bytes((i * 13 + 7) & 255 for i in range(262144))
print(hashlib.sha256(disk).hexdigest())
P
)
failed=0
for line in 'hello from Tessera on Xen 4.17' 'block first TESSERA-XEN-DISK' 'block write and flush ok' 'block equal true' \
  'block closed, grants 0' 'block reconnected true' 'net arp replies 200' 'net closed, stuck grants 0' \
  'status reported true' 'data/tessera/status = "7"' 'xen: end' "== disk $expected" '---s--'; do
  grep -qF -- "$line" docs/xen-transcript.txt || { echo "MISSING: $line"; failed=1; }
done
grep -q FAULT docs/xen-transcript.txt && { echo 'a fault was logged'; failed=1; }
[ $failed = 0 ] && echo "xen guest: all lines as expected; transcript in docs/xen-transcript.txt"
exit $failed
