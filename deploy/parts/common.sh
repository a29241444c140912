# Shared by the scripts in this folder: bash, sourced, sets nothing but functions.
# shellcheck shell=bash

# fail TEXT: one clear line, and the end.
fail() {
    printf '%s: %s\n' "${said_by:-${0##*/}}" "$1" >&2
    exit 1
}

# value_of OPTION "$@": what follows an option; an option without its value is an error.
value_of() {
    if [ "$#" -lt 2 ] || [ -z "$2" ]; then
        fail "$1 needs a value; see --help"
    fi
    printf '%s\n' "$2"
}

# port_number OPTION PORT: a number that can be a port.
port_number() {
    case "$2" in
        '' | *[!0-9]* | ??????*) fail "$1 needs a port number from 1 to 65535; see --help" ;;
    esac
    if [ "$2" -lt 1 ] || [ "$2" -gt 65535 ]; then
        fail "$1 needs a port number from 1 to 65535; see --help"
    fi
}

# port_check OPTION PORT: the same, and nobody listens there.
port_check() {
    port_number "$1" "$2"
    if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
        fail "port $2 is taken by another program; choose another with $1"
    fi
}

# port_any: a port that is free now.
port_any() {
    perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => 0)->sockport'
}

# folder_make DIR: created, private, and printed with its full path.
folder_make() {
    [ -n "$1" ] || fail "--dir is needed; see --help"
    if ! (umask 077 && mkdir -p -- "$1") 2>/dev/null || [ ! -w "$1" ]; then
        fail "cannot write in $1; name another folder with --dir"
    fi
    (cd -- "$1" && pwd -P)
}

# program_find REMEDY NAME…: the first of these that can be run.
program_find() {
    local remedy=$1 name
    shift
    for name in "$@"; do
        if [ -x "$name" ] || name=$(command -v -- "$name"); then
            printf '%s\n' "$name"
            return 0
        fi
    done
    fail "$1 is not installed; $remedy"
}

# tools_folder DIR: where unpacked packages are kept: var/tools of the project, or below @DIR when that cannot be written.
tools_folder() {
    local root
    root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
    if mkdir -p "$root/var/tools" 2>/dev/null && [ -w "$root/var/tools" ]; then
        printf '%s\n' "$root/var/tools"
    else
        mkdir -p "$1/tools" && printf '%s\n' "$1/tools"
    fi
}

# tools_missing DIR PATH…: those that neither the system nor our folder has.
tools_missing() {
    local tools path
    tools=$(tools_folder "$1")
    shift
    for path in "$@"; do
        [ -e "$path" ] || [ -e "$tools/$path" ] || printf '%s\n' "$path"
    done
}

# tool_find DIR PACKAGE PATH: PATH from the system when it is there, else from PACKAGE as Debian ships it, unpacked into a folder of ours:
# nothing of the system is changed, and what an operator has installed stays.
tool_find() {
    local tools
    if [ -e "$3" ]; then
        printf '%s\n' "$3"
        return 0
    fi
    tools=$(tools_folder "$1") || fail "cannot make a folder for tools below $1"
    (
        flock 9
        if [ ! -e "$tools/$3" ]; then
            rm -rf -- "$tools/.new" && mkdir -p "$tools/.new" && cd "$tools/.new" || exit 1
            apt-get -qq -o APT::Sandbox::User=root download "$2" >log 2>&1 && dpkg -x ./*.deb root &&
                cp -a --remove-destination root/. "$tools/" || exit 1
            rm -rf -- "$tools/.new"
        fi
    ) 9>"$tools/.lock" || fail "cannot fetch the package $2; run apt-get update (as root), or install $2"
    [ -e "$tools/$3" ] || fail "the package $2 holds no $3"
    printf '%s\n' "$tools/$3"
}

# library_folder: where Debian keeps this machine's shared libraries, like /usr/lib/x86_64-linux-gnu.
library_folder() {
    printf '/usr%s\n' "$(ldd /bin/sh | sed -n 's|.*=> \(/.*\)/libc\.so.*|\1|p')"
}

# plain_user DIR: what is started after this believes that it runs as nobody, although root runs it: Dovecot's and Exim's processes refuse to be
# root, and another user could not enter folders that are root's alone. cwrap.org's library answers getuid(), setuid() and their like in the
# process itself; files are root's. Does nothing when an ordinary user runs this.
plain_user() {
    local wrapper me group
    [ "$(id -u)" -eq 0 ] || return 0
    wrapper=$(tool_find "$1" libuid-wrapper "$(library_folder)/libuid_wrapper.so") || exit 1
    me=$(id -u nobody) group=$(id -g nobody)
    export UID_WRAPPER=1 UID_WRAPPER_INITIAL_RUID=$me UID_WRAPPER_INITIAL_EUID=$me UID_WRAPPER_INITIAL_SUID=$me
    export UID_WRAPPER_INITIAL_RGID=$group UID_WRAPPER_INITIAL_EGID=$group UID_WRAPPER_INITIAL_SGID=$group
    export UID_WRAPPER_INITIAL_GROUPS=$group UID_WRAPPER_INITIAL_GROUPS_COUNT=1
    export LD_PRELOAD=${LD_PRELOAD:+$LD_PRELOAD:}$wrapper
}
