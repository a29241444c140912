# Shared by deploy/up, deploy/down, deploy/install and deploy/demo: bash, sourced.
# shellcheck shell=bash
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=deploy/parts/common.sh
. "$root/deploy/parts/common.sh"
said_by=$(readlink -f -- "$0")
# shellcheck disable=SC2034 # in fail
said_by=${said_by#"$root/"}

bold='' dim='' plain=''
# shellcheck disable=SC2034 # for those who source this
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

# long TEXT COMMAND…: run it, and say how long it takes: on a terminal in place, else a line every 10 s. Its status.
# It gets a process group of its own, so that long_stop can end all of it.
long_pid=''
long() {
    local text=$1 from=$SECONDS said=$SECONDS pid status
    shift
    set -m
    "$@" &
    pid=$!
    set +m
    long_pid=$pid
    printf '  %s …' "$text"
    [ -t 1 ] || printf '\n'
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if [ -t 1 ]; then
            printf '\r  %s … %s%d s%s' "$text" "$dim" $((SECONDS - from)) "$plain"
        elif [ $((SECONDS - said)) -ge 10 ]; then
            said=$SECONDS
            printf '  %s … %d s\n' "$text" $((SECONDS - from))
        fi
    done
    wait "$pid"
    status=$?
    long_pid=''
    if [ $status -eq 0 ]; then
        [ -t 1 ] && printf '\r'
        printf '  %s: done in %d s \n' "$text" $((SECONDS - from))
    else
        [ -t 1 ] && printf '\n'
    fi
    return $status
}

# long_stop: ends what long was running; for traps.
long_stop() {
    [ -z "$long_pid" ] || kill -INT -- "-$long_pid" 2>/dev/null
    long_pid=''
}

# A process is known by its number and the moment it started (proc(5), stat, field 22): a number alone may by now be a stranger's.
started_at() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    # shellcheck disable=SC2086 # fields
    set -- $stat
    [ "$1" != Z ] && printf '%s\n' "${20}"
}

# pid_of DIR NAME: the number of the running part, or 1 and nothing.
pid_of() {
    local pid when
    read -r pid when 2>/dev/null <"$1/run/$2.pid" || return 1
    [ -n "$when" ] && [ "$(started_at "$pid")" = "$when" ] && printf '%s\n' "$pid"
}

# part_stop DIR NAME: asks, waits 8 s, ends it. 1 when it did not run.
part_stop() {
    local pid i
    if ! pid=$(pid_of "$1" "$2"); then
        rm -f -- "$1/run/$2.pid"
        return 1
    fi
    kill "$pid" 2>/dev/null
    for ((i = 0; i < 160; i++)); do
        pid_of "$1" "$2" >/dev/null || break
        sleep 0.05
    done
    pid_of "$1" "$2" >/dev/null && kill -9 "$pid" 2>/dev/null
    rm -f -- "$1/run/$2.pid"
    return 0
}

# In the order of starting; stopped the other way round.
# shellcheck disable=SC2034 # for those who source this
parts=(dovecot mta kannel loketd)

# demo_settings DIR: the ports and the number of the demonstration in DIR, which deploy/up wrote.
# shellcheck disable=SC2034 # for those who source this
demo_settings() {
    local key value base=''
    [ -r "$1/demo.conf" ] || fail "there is no demonstration in $1; start it with deploy/up"
    while IFS='=' read -r key value; do
        case "$key" in
            base) base=$value ;;
            number) number=$value ;;
        esac
    done <"$1/demo.conf"
    smtp=$((base + 3)) smsc=$((base + 5))
}
