# Ports for shell tests: bash, sourced.
# shellcheck shell=bash

# ports_free N: the first of N free ports in a row on loopback, below the kernel's own range.
ports_free() {
    local n=$1 base i tries
    for ((tries = 0; tries < 50; tries++)); do
        base=$((20000 + RANDOM % 12000))
        for ((i = 0; i < n; i++)); do
            (exec 3<>"/dev/tcp/127.0.0.1/$((base + i))") 2>/dev/null && continue 2
        done
        echo "$base"
        return 0
    done
    echo "no $n free ports in a row" >&2
    return 1
}

# port_hold PORT: listen there until port_release.
port_hold() {
    node -e 'require("net").createServer().listen(+process.argv[1], "127.0.0.1", () => console.log("held"))' "$1" >"${TMPDIR:-/tmp}/port-held.$$" &
    port_holder=$!
    local i
    for ((i = 0; i < 100; i++)); do
        grep -q held "${TMPDIR:-/tmp}/port-held.$$" 2>/dev/null && break
        sleep 0.05
    done
    rm -f "${TMPDIR:-/tmp}/port-held.$$"
    kill -0 "$port_holder" 2>/dev/null
}

port_release() {
    kill "$port_holder" 2>/dev/null
    wait "$port_holder" 2>/dev/null
}
