# Sourced by the scripts in the guest: how a program is run there, and how a result is told.
#
# A result is a line R|KERNEL|WHERE|TEST|VERDICT|DETAILS on the port for results. VERDICT is PASS, FAIL, or NOTE, which counts
# for nothing. WHERE is $where, which each script sets.

kernel=$(uname -r)
where=local
program=/guest/bin/atomic-write
# The first of the disks that `run-guest` was asked for, and where it is mounted.
disk=/dev/vdd
target=/mnt/target

# What `run` found.
status=0
output=
errors=

result() {
    local test=$1 verdict=$2 details=${3:-}
    details=$(tr '\n|' ' /' <<<"$details" | cut -c1-600)
    printf 'R|%s|%s|%s|%s|%s\n' "$kernel" "$where" "$test" "$verdict" "${details% }" >&3
}

pass() {
    result "$1" PASS "${2:-}"
}

fail() {
    result "$1" FAIL "${2:-}"
}

note() {
    result "$1" NOTE "${2:-}"
}

# note_lines TEST: a note for each line of standard input.
note_lines() {
    local text
    while IFS= read -r text; do
        note "$1" "$text"
    done
}

# check TEST FOUND EXPECTED [DETAILS]: FOUND must be EXPECTED.
check() {
    if [[ $2 == "$3" ]]; then
        pass "$1"
    else
        fail "$1" "is '$2', expected '$3'; ${4:-}"
    fi
}

# check_that TEST DETAILS COMMAND...: COMMAND must succeed.
check_that() {
    local test=$1 details=$2
    shift 2
    if "$@"; then
        pass "$test"
    else
        fail "$test" "$details"
    fi
}

# run COMMAND...: sets status, output and errors.
run() {
    # Of this process alone, as some run in the background.
    local file=/tmp/errors.$BASHPID
    output=$("$@" 2>"$file")
    status=$?
    errors=$(cat "$file")
    rm -f "$file"
}

# What the last `run` said, for details.
said() {
    echo "status $status: $errors"
}

# expect TEST STATUS FILE CONTENT: after `run`. A success is silent.
expect() {
    local test=$1 content
    content=$(cat "$3" 2>&1)
    check "$test" "$status $content" "$2 $4" "said: $errors"
    if [[ $2 == 0 && $status == 0 && -n $errors ]]; then
        note "$test said" "$errors"
    fi
}

# leftovers DIRECTORY: the names of temporary files there: ours, and those that clients of NFS, FUSE and SMB make.
leftovers() {
    (
        cd "$1" 2>/dev/null || exit
        find . -maxdepth 1 \( -name '.aw-*' -o -name '.nfs*' -o -name '.fuse_hidden*' -o -name '.__smb*' \) -printf '%f '
    )
}

# remove_leftovers DIRECTORY: what cannot be removed at first may be open still on a server.
remove_leftovers() {
    local _
    for _ in {1..5}; do
        rm -f "$1"/.aw-* "$1"/.nfs* "$1"/.fuse_hidden* 2>/dev/null
        [[ -n $(leftovers "$1") ]] || return
        sleep 1
    done
}

# nothing_left TEST [DIRECTORY]
nothing_left() {
    local directory=${2:-.} names
    names=$(leftovers "$directory")
    check "$1" "$names" ''
    rm -f "$directory"/.aw-*
}

# digits COUNT [DIGIT]: so many bytes of one digit.
digits() {
    head -c "$1" /dev/zero | tr '\0' "${2:-0}"
}

# as_user COMMAND...: as an ordinary user, whom no file belongs to unless a test gives it to them.
as_user() {
    setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
}

# most_frequent FILE: the three lines that are most frequent.
most_frequent() {
    sort "$1" 2>/dev/null | uniq -c | sort -rn | head -3
}

is_mounted() {
    mountpoint -q "$1"
}

# server_disk: an ext4 on the first free disk, which a server of the guest serves: /srv/e.
server_disk() {
    mkdir -p /srv/e
    is_mounted /srv/e && return
    mkfs.ext4 -qF $disk
    mount $disk /srv/e
}

# kernel_messages REGEX: notes what the kernel said.
kernel_messages() {
    dmesg | grep -iE "$1" | sort | uniq -c | sort -rn | head -5 | note_lines 'kernel says'
}
