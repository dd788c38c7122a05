# Sourced. What the program promises, tried in one directory of any file system.
#
# contract DIRECTORY WHERE [FLAG]...: DIRECTORY is emptied. What its file system does otherwise is told by flags:
#
#     nomode     modes and owners are those of the mount
#     noxattr    no attributes and ACLs
#     nolink     no hard links
#     nosymlink  no symbolic links
#     named      no unnamed files, so that `kill -9` leaves a name
#     nolock     --lock is refused, as no lock there lasts for a replacement
#     noopen     a file that is open on this machine may be removed by its client when it is replaced; see held.sh
#     small      4 MiB where it would be 64

# shellcheck source=common.sh
source /guest/common.sh

contract_flags=

has() {
    [[ " $contract_flags " == *" $1 "* ]]
}

# put FILE CONTENT: something to start from.
put() {
    "$program" "$1" <<<"$2" || fail "prepare $1" "status $?"
}

metadata() {
    stat -c %a:%u:%g "$1"
}

contract_replace() {
    local inode
    run "$program" f <<<new
    expect 'new' 0 f new
    inode=$(stat -c %i f)
    run "$program" f <<<two
    expect 'replace' 0 f two
    if [[ $(stat -c %i f) == "$inode" ]]; then
        note 'inode' 'the inode number is the same after a replacement'
    fi
    nothing_left 'nothing left after replace'
}

contract_modes() {
    put f two
    chmod 640 f
    chown 1234:2345 f
    run "$program" f <<<three
    expect 'replace with owner' 0 f three
    check 'mode and owner kept' "$(metadata f)" 640:1234:2345 "$errors"
    run "$program" -m 600 m <<<x
    check '--mode new' "$(stat -c %a m)" 600 "$errors"
    run "$program" -m 4755 m <<<y
    check '--mode set-ID' "$(stat -c %a m)" 4755 "$errors"
    (
        umask 027
        "$program" um <<<x
    )
    check 'umask' "$(stat -c %a um)" 640
}

contract_mount_modes() {
    local before
    put f two
    before=$(metadata f)
    run "$program" f <<<three
    expect 'replace with owner' 0 f three
    check "the mount's mode" "$(metadata f)" "$before"
    # A file that would be wider than was asked for is refused.
    run "$program" -m 600 m <<<x
    if [[ $status == 0 ]]; then
        expect '--mode where there are none' 0 m x
    else
        check_that '--mode where there are none' "$(said)" grep -q 'cannot give the file mode 0600.*(unchanged)' <<<"$errors"
        check '--mode where there are none: nothing is there' "$status $(ls m 2>/dev/null)" '1 '
    fi
}

contract_attributes() {
    local name
    put f attributes
    for name in user.one trusted.two; do
        if setfattr -n $name -v value f 2>/tmp/refusal; then
            run "$program" f <<<changed
            check "$name kept" "$(getfattr --only-values -n $name f 2>&1)" value "$(getfattr -d -m - f 2>&1); $errors"
        else
            note "$name" "cannot be set here: $(cat /tmp/refusal)"
        fi
    done
}

contract_acls() {
    local before
    put f lists
    if ! setfacl -m u:1000:rw,g:77:r f 2>/tmp/refusal; then
        note 'ACL' "cannot be set here: $(cat /tmp/refusal)"
        return
    fi
    before=$(getfacl -n f 2>/dev/null)
    run "$program" f <<<acl
    check 'ACL kept' "$(getfacl -n f 2>/dev/null)" "$before" "$errors"
    mkdir da
    setfacl -d -m u:1000:rw da
    "$program" da/f <<<x
    touch da/g
    check 'default ACL, new file' "$(getfacl -cn da/f 2>/dev/null)" "$(getfacl -cn da/g 2>/dev/null)"
}

contract_symlinks() {
    mkdir d
    ln -s d/t l
    run "$program" l <<<dangling
    expect 'dangling symlink' 0 d/t dangling
    run "$program" l <<<through
    expect 'symlink followed' 0 d/t through
    check_that 'link is still a link' "$(ls -l l)" test -L l
    run "$program" -P l <<<itself
    expect '--no-dereference' 0 l itself
    check_that 'link replaced' "$(ls -l l)" test ! -L l
    nothing_left "nothing left in the link's directory" d
}

contract_no_clobber() {
    put f old
    run "$program" -n f <<<no
    expect '--no-clobber refuses' 3 f old
    run "$program" -n n <<<yes
    expect '--no-clobber creates' 0 n yes
    nothing_left 'nothing left after --no-clobber'
}

contract_backups() {
    echo one >b
    run "$program" --backup=simple b <<<two
    expect '--backup=simple' 0 b two
    check "simple backup's content" "$(cat b~ 2>&1)" one "$(ls -la)"
    run "$program" --backup=simple b <<<three
    check 'simple backup over a backup' "$(cat b~ b 2>&1 | paste -sd ' ')" 'two three' "$errors"
    run "$program" --backup=numbered b <<<four
    run "$program" --backup=numbered b <<<five
    check 'numbered backups' "$(cat 'b.~1~' 'b.~2~' b 2>&1 | paste -sd ' ')" 'three four five' "$errors"
    nothing_left 'nothing left after --backup'
}

contract_guards() {
    local digest before
    put f good
    digest=$(sha256sum <f | cut -d' ' -f1)
    run "$program" --if-match "sha256:$digest" f <<<matched
    expect '--if-match holds' 0 f matched
    run "$program" --if-match "sha256:$digest" f <<<no
    expect '--if-match refuses' 3 f matched
    run "$program" -a f <<<more
    expect '--append' 0 f $'matched\nmore'
    before=$(stat -c '%i %Y %Z %s' f)
    run "$program" -C f <<<$'matched\nmore'
    check '--if-changed same' "$status $(stat -c '%i %Y %Z %s' f)" "0 $before" "$errors"
    run "$program" -C --report f <<<other
    check '--if-changed other' "$status $output $(cat f)" '0 replaced other' "$errors"
    run "$program" --checksum "sha256:$digest" f <<<no
    expect '--checksum refuses' 3 f other
    run "$program" --validate 'grep -q good "$1" && grep -q good' f <<<good
    expect '--validate accepts' 0 f good
    run "$program" --validate 'grep -q good "$1"' f <<<bad
    expect '--validate refuses' 3 f good
}

contract_commands() {
    put f other
    run "$program" f -- sh -c 'echo half; exit 7'
    expect 'COMMAND fails' 7 f other
    run "$program" f -- true
    expect 'COMMAND is silent' 123 f other
    run "$program" --edit f -- sed s/other/edited/
    expect '--edit' 0 f edited
}

contract_parents() {
    run "$program" -D p/q/r <<<deep
    expect '--parents' 0 p/q/r deep
    run "$program" -D p2/q/r -- false
    check '--parents rolled back' "$status" 1 "$errors"
    check_that '--parents rolled back: nothing is there' "$(find p2 2>&1)" test ! -e p2
    nothing_left 'nothing left after the guards'
}

contract_lock_refused() {
    put f unlocked
    run "$program" --lock f <<<locked
    expect '--lock is refused' 1 f unlocked
    check_that '--lock is refused: the message names the lock' "$errors" grep -q lock <<<"$errors"
    nothing_left 'nothing left after --lock was refused'
}

contract_locks() {
    local number
    echo 0 >c
    rm -f /tmp/locks
    for number in {1..20}; do
        "$program" --edit --lock c -- awk '{ print $1 + 1 }' 2>>/tmp/locks &
    done
    wait
    check '20 --lock --edit at once' "$(cat c)" 20 "$(most_frequent /tmp/locks)"
    rm -f /tmp/locks
    for number in {1..20}; do
        echo "$number" | "$program" --append --lock log 2>>/tmp/locks &
    done
    wait
    check '20 --lock --append to a new file' "$(sort -n log | paste -sd ' ')" "$(seq 20 | paste -sd ' ')" \
        "$(most_frequent /tmp/locks)"
    # Held by the shell itself, which is there as long as it is needed.
    exec {held}<c
    flock "$held"
    run "$program" --lock-timeout 0 c <<<x
    check '--lock-timeout 0' "$status" 3 "$errors"
    exec {held}<&-
}

contract_writers() {
    local number
    for number in {1..10}; do
        "$program" race <<<"$(yes "$number" | head -20000)" &
    done
    wait
    check '10 writers without --lock' "$(sort -u race | wc -l) writer, $(wc -l <race) lines" '1 writer, 20000 lines'
    nothing_left 'nothing left after many writers'
}

# A reader opens it again and again while it is replaced, and another one keeps it open.
contract_readers() {
    local reader opens missing unreadable torn
    digits 100000 >r
    exec 8<r
    python3 /guest/watch.py r /tmp/stop 100000 >/tmp/seen 2>/tmp/reader &
    reader=$!
    run python3 /guest/replace.py replace 60 r 100000
    check 'replace while read' "$status" 0 "$output $errors"
    touch /tmp/stop
    wait "$reader"
    rm -f /tmp/stop
    read -r opens missing unreadable torn </tmp/seen
    check 'readers' "$missing missing, $unreadable unreadable, $torn torn" '0 missing, 0 unreadable, 0 torn' \
        "of $opens; $(most_frequent /tmp/reader)"
    check 'an old reader keeps the old content' "$(head -c 10 <&8 2>&1)" 0000000000
    exec 8<&-
    sleep 0.2
    nothing_left 'nothing left after readers'
}

# check_same TEST FILE EXPECTED
check_same() {
    check_that "$1" "$(said) $(stat -c %s "$2")" cmp -s "$2" "$3"
}

contract_large() {
    local size=64
    if has small; then
        size=4
    fi
    head -c ${size}M /dev/urandom >/tmp/big
    run "$program" big </tmp/big
    check_same "$size MiB by standard input" big /tmp/big
    run "$program" --from /tmp/big big2
    check_same "$size MiB --from" big2 /tmp/big
    echo tail >>/tmp/big
    run "$program" --append big <<<tail
    check_same "--append to $size MiB" big /tmp/big
    run "$program" --from big big3
    check_same '--from the same file system' big3 big
    truncate -s 40M /tmp/sparse
    echo end >>/tmp/sparse
    run "$program" --from /tmp/sparse sparse
    check_same 'sparse' sparse /tmp/sparse
    head -c 3000000 /tmp/big >/tmp/part
    run "$program" -C big3 </tmp/part
    check_same '--if-changed of a prefix' big3 /tmp/part
    rm -f big big2 big3 sparse /tmp/big /tmp/sparse /tmp/part
}

# contract_signal SIGNAL: while the input is received.
contract_signal() {
    local writer ended
    mkfifo /tmp/fifo
    "$program" k </tmp/fifo 2>/tmp/refusal &
    writer=$!
    exec 7>/tmp/fifo
    head -c 300000 /dev/zero >&7
    sleep 0.3
    kill -"$1" "$writer"
    wait "$writer"
    ended=$?
    exec 7>&-
    rm -f /tmp/fifo
    check "SIG$1" "$ended $(head -c 20 k)" "$((128 + $(kill -l "$1"))) kept"
    if [[ $1 == KILL ]] && has named; then
        remove_leftovers .
    else
        nothing_left "nothing left after SIG$1"
    fi
}

contract_signals() {
    local signal
    echo kept >k
    # Not INT, which bash lets its background ignore.
    for signal in TERM HUP USR2 KILL; do
        contract_signal "$signal"
    done
}

contract_kills() {
    run python3 /guest/kills.py 40 k k
    check '40 kills at random' "$status" 0 "$output $errors"
    # What a client that was killed has asked for may be done late by its server.
    if has named; then
        sleep 2
    fi
    note 'left by 40 kills' "$(leftovers . | wc -w) names"
    remove_leftovers .
}

contract_execution() {
    printf '#!/bin/sh\necho 1\n' >x
    chmod 755 x
    printf '#!/bin/sh\necho 2\n' | "$program" x
    check 'run at once' "$(./x 2>&1)" 2
    cp /bin/true y
    "$program" --from /bin/echo y
    check 'a program run at once' "$(./y hi 2>&1)" hi
}

contract_names() {
    local name
    name=$(digits 255 n)
    run "$program" "$name" <<<long
    expect '255 bytes' 0 "$name" long
    run "$program" "$name" <<<again
    expect '255 bytes replaced' 0 "$name" again
    run "$program" . <<<x
    check 'a directory is refused' "$status" 1 "$errors"
}

contract_links() {
    put f good
    ln f hard 2>/dev/null || return
    run "$program" f <<<hard
    expect 'hard link' 0 f hard
    check_that 'hard link warning' "said: $errors" grep -q 'hard link' <<<"$errors"
    check 'other name keeps the old content' "$(cat hard)" good
}

contract_immutable() {
    put f immutable
    chattr +i f 2>/dev/null || return
    run "$program" f <<<no
    check 'immutable' "$status" 1 "$errors"
    chattr -i f
}

contract_ordinary_user() {
    mkdir u
    echo own >u/f
    chown -R 1000:1000 u
    chmod 644 u/f
    echo root >u/g
    run as_user "$program" u/f <<<user
    expect "an ordinary user's own file" 0 u/f user
    run as_user "$program" u/new <<<user
    expect "an ordinary user's new file" 0 u/new user
    run as_user "$program" u/g <<<user
    expect "another's file refused" 1 u/g root
    run as_user "$program" -f u/g <<<user
    expect "--force on another's" 0 u/g user
    nothing_left 'nothing left after an ordinary user' u
}

contract_sync() {
    run "$program" --sync=file f <<<sf
    expect '--sync=file' 0 f sf
    run "$program" --sync=none f <<<sn
    expect '--sync=none' 0 f sn
    nothing_left 'nothing left at the end'
}

# unless FLAG COMMAND...
unless() {
    local flag=$1
    shift
    has "$flag" || "$@"
}

contract() {
    local directory=$1 started=$SECONDS
    where=$2
    contract_flags="${*:3}"
    if ! cd "$directory"; then
        fail 'enter' "cannot cd to $directory"
        return
    fi
    rm -rf ./* ./.aw-*
    contract_replace
    unless nomode contract_modes
    has nomode && contract_mount_modes
    unless noxattr contract_attributes
    unless noxattr contract_acls
    unless nosymlink contract_symlinks
    contract_no_clobber
    contract_backups
    contract_guards
    contract_commands
    contract_parents
    unless nolock contract_locks
    has nolock && contract_lock_refused
    contract_writers
    unless noopen contract_readers
    contract_large
    contract_signals
    contract_kills
    unless nomode contract_execution
    contract_names
    unless nolink contract_links
    contract_immutable
    unless nomode contract_ordinary_user
    contract_sync
    note 'took' "$((SECONDS - started)) s"
    cd /
}

# read_only DIRECTORY WHERE: where the mount is read-only, that is found before anything is read.
read_only() {
    where=$2
    if ! mount -o remount,ro "$1" 2>/tmp/refusal; then
        note 'read-only' "$(cat /tmp/refusal)"
        return
    fi
    run timeout 5 "$program" "$1/f" < <(sleep 20)
    check 'read-only file system, found before reading' "$status" 1 "$errors"
    note 'read-only said' "$errors"
    mount -o remount,rw "$1"
}

# full DIRECTORY WHERE: a file system that has no room. DIRECTORY is emptied and filled.
full() {
    where=$2
    cd "$1" || return
    rm -rf ./*
    echo old >f
    sync
    head -c 1G /dev/zero >filler 2>/dev/null
    sync
    run "$program" f < <(head -c 30M /dev/zero)
    check 'no room' "$status $(head -c 20 f)" '1 old' "$errors"
    note 'no room said' "$errors"
    nothing_left 'nothing left where there is no room'
    rm -f filler
    sync
    run "$program" f <<<room
    expect 'room again' 0 f room
    cd /
}
