# nfs-deep.sh VERSION [PART]...: what is particular to NFS, seen from the server and from a second client.
#
#     watched   is TARGET ever absent or torn while it is replaced, by each mode?
#     compared  the same for mv(1) and rename(2): notes only
#     locks     writers on two clients
#     kills     `kill -9` at random instants
#     acls      ACLs of the server's files
#     space     a full disk, a quota
#     changes   the directory or the file is replaced on the server meanwhile
#     restarts  the server goes away and comes again
#     exports   squashed root, a read-only export
#
# REPLACEMENTS (100) is how many replacements by each mode are watched, KILLS (60) how many kills there are.

# shellcheck source=nfs.sh
source /guest/nfs.sh
# shellcheck source=seen.sh
source /guest/seen.sh

REPLACEMENTS=${REPLACEMENTS:-100}
KILLS=${KILLS:-60}
version=${1:-4.2}
shift
parts=("$@")
if ((!$#)); then
    parts=(watched compared locks kills acls space changes restarts exports)
fi

where=nfs$version-deep
options=$(nfs_options "$version")
# The same directory on the server, on the first client and on the second.
server=/srv/e/dir
first=/mnt/a/dir
second=/mnt/b/dir

tidy() {
    remove_leftovers $server
}

# nothing_left_there TEST
nothing_left_there() {
    nothing_left "$1" $server
    tidy
}

# in_one_line FILE COMMAND...: the output of COMMAND FILE.
in_one_line() {
    local file=$1
    shift
    "$@" "$file" 2>/dev/null | paste -sd ' '
}

list_of() {
    in_one_line "$1" getfacl -nc
}

# write_late DELAY COMMAND...: gives COMMAND, in the background, an input that ends after DELAY seconds. `wait_for_late` sets
# status and errors.
write_late() {
    local delay=$1
    shift
    (
        run "$@" < <(
            echo x
            sleep "$delay"
        )
        echo "$status" >/tmp/late.status
        echo "$errors" >/tmp/late.errors
    ) &
    late=$!
}

wait_for_late() {
    wait "$late"
    status=$(cat /tmp/late.status)
    errors=$(cat /tmp/late.errors)
}

# watch_mode check|note TEST MODE: replaces it by MODE on the first client, while the server and the second client look.
watch_mode() {
    local verdict=$1 test=$2 mode=$3 expected=5000 started=$SECONDS
    rm -f $server/watched*
    if [[ $mode == append ]]; then
        expected=lines
        : >$server/watched
    else
        digits 5000 >$server/watched
    fi
    start_reader 'server' $server/watched $expected
    start_reader 'second client' $second/watched $expected
    sleep 0.3
    run python3 /guest/replace.py "$mode" "$REPLACEMENTS" $first/watched
    stop_readers "$verdict" "$test"
    if [[ $verdict == check ]]; then
        check "$test" "$status" 0 "$output $errors"
    fi
    note "$test" "$REPLACEMENTS replacements in $((SECONDS - started)) s"
}

part_watched() {
    local mode
    for mode in replace edit append backup if-changed from; do
        watch_mode check "$mode" "$mode"
    done
    # For a reader on the client that replaces it, its old content stays under another name.
    digits 5000 >$server/watched
    exec 8<$first/watched
    watch_mode check 'replace, held open by a reader' replace
    exec 8<&-
    nothing_left_there 'nothing left after the replacements'
}

part_compared() {
    watch_mode note 'mv, for comparison' mv
    digits 5000 >$server/watched
    exec 8<$first/watched
    watch_mode note 'mv, held open by a reader, for comparison' mv
    exec 8<&-
    watch_mode note 'rename(2), nothing held, for comparison' rename
    watch_mode note 'rename(2), TARGET held with O_PATH, for comparison' rename-path
    watch_mode note 'rename(2), TARGET held for reading, for comparison' rename-read
    tidy
}

# take_locks OPTION: ten runs with --lock on each client. Sets `refused`, how many were refused before anything happened.
take_locks() {
    local number directory
    rm -f /tmp/locks
    for number in {1..10}; do
        for directory in $first $second; do
            (
                run "$@" "$directory"
                said >>/tmp/locks
            ) &
            locks+=("$!")
        done
    done
    wait "${locks[@]}"
    locks=()
    # With a COMMAND the status is 125: it was not started.
    refused=$(grep -cE '^status (1|125): .*lock that lasts.*\(unchanged\)' /tmp/locks)
}

count_up() {
    "$program" --edit --lock "$1/counter" -- awk '{ print $1 + 1 }'
}

append_line() {
    echo line | "$program" --append --lock "$1/log"
}

# check_locks TEST COUNTED: all were refused and nothing was counted, or nothing that was counted is lost.
check_locks() {
    local details
    details="counted $2, $refused of 20 refused; $(most_frequent /tmp/locks)"
    if [[ $refused == 20 && $2 == 0 ]]; then
        pass "$1" 'each was refused before anything happened'
    elif [[ $2 == 20 ]]; then
        pass "$1" 'no update was lost'
    else
        fail "$1" "$details"
    fi
}

lines_of() {
    if [[ -e $1 ]]; then
        wc -l <"$1"
    else
        echo 0
    fi
}

# One of two that create the same file wins.
race_to_create() {
    local round winners=0 one other statuses
    for round in {1..10}; do
        rm -f $server/created
        sleep 0.1
        ls $first $second >/dev/null
        "$program" -n $first/created <<<first 2>/dev/null &
        one=$!
        "$program" -n $second/created <<<second 2>/dev/null &
        other=$!
        wait "$one"
        statuses=$?
        wait "$other"
        statuses+=" $?"
        case $statuses in
            '0 3' | '3 0') winners=$((winners + 1)) ;;
            *) note 'a race with --no-clobber' "statuses $statuses" ;;
        esac
    done
    check '--no-clobber on two clients: one wins' "$winners" 10
}

part_locks() {
    locks=()
    echo 0 >$server/counter
    take_locks count_up
    check_locks '--lock --edit, 10 on each of two clients' "$(cat $server/counter)"
    rm -f $server/log
    take_locks append_line
    check_locks '--lock --append to a new file, 10 on each of two clients' "$(lines_of $server/log)"
    race_to_create
    nothing_left_there 'nothing left after two clients'
}

part_kills() {
    run python3 /guest/kills.py "$KILLS" $first/killed $server/killed
    check "$KILLS kills: TARGET is always there on the server" "$status" 0 "$output $errors"
    note "$KILLS kills" "$output"
    note "left by $KILLS kills" "$(leftovers $server | wc -w): $(leftovers $server)"
    tidy
}

part_acls() {
    local before
    # The group gets nothing, behind a mask of rw.
    echo secret >$server/list
    chown 1000:2000 $server/list
    chmod 660 $server/list
    setfacl -m u:1001:rw,g::---,m::rw $server/list
    before=$(list_of $server/list)
    run "$program" $first/list <<<new
    check "a list of the server's file" "$(list_of $server/list)" "$before" "$(said)"
    if setpriv --reuid 3000 --regid 2000 --clear-groups cat $server/list >/dev/null 2>&1; then
        fail 'access is never wider' 'a member of the group, who was shut out, can read it now'
    else
        pass 'access is never wider'
    fi

    echo x >$server/attribute
    setfattr -n user.u -v 1 $server/attribute
    run "$program" $first/attribute <<<y
    note "user.* of the server's file" "$(in_one_line $server/attribute getfattr -d); $(said)"

    mkdir $server/default
    setfacl -d -m u:1001:rw $server/default
    run "$program" $first/default/f <<<x
    touch $first/default/g
    check 'a default list as touch has it' "$(list_of $server/default/f)" "$(list_of $server/default/g)" "$(said)"
}

# refused_for_space TEST OPTION...: 40 MiB, for which there is no room.
refused_for_space() {
    local test=$1
    shift
    echo old >$server/f
    run "$program" "$@" $first/f < <(head -c 40M /dev/zero)
    check "$test" "$status $(head -c 20 $server/f | tr -d '\0')" '1 old' "$errors"
    note "$test said" "$errors"
}

fill_disk() {
    local room
    room=$(df -B1 --output=avail /srv/e | tail -1)
    echo old >$server/f
    fallocate -l $((room - 2000000)) $server/filler || head -c 4G /dev/zero >$server/filler
    sync
}

part_space() {
    fill_disk 2>/dev/null
    refused_for_space "the server's disk is full"
    refused_for_space 'full, --sync=none' --sync=none
    refused_for_space 'full, --validate' --validate true
    rm -f $server/filler
    nothing_left_there 'nothing left on a full disk'
    if ! setquota -u 1000 0 5000 0 0 /srv/e 2>/tmp/refusal; then
        note 'quota' "$(cat /tmp/refusal)"
        return
    fi
    mkdir -p $server/quota
    echo old >$server/quota/f
    chown -R 1000:1000 $server/quota
    run as_user "$program" $first/quota/f < <(head -c 20M /dev/zero)
    check 'quota' "$status $(head -c 20 $server/quota/f)" '1 old' "$errors"
    note 'quota said' "$errors"
    nothing_left 'nothing left over quota' $server/quota
}

directory_renamed() {
    mkdir $server/away
    echo old >$server/away/f
    ls $first/away >/dev/null
    write_late 2 "$program" $first/away/f
    sleep 1
    mv $server/away $server/away-now
    mkdir $server/away
    echo other >$server/away/f
    wait_for_late
    note 'directory renamed on the server' \
        "$(said); away/f: $(cat $server/away/f), away-now/f: $(cat $server/away-now/f), left: $(leftovers $server/away-now)"
}

directory_removed() {
    mkdir $server/gone
    echo old >$server/gone/f
    ls $first/gone >/dev/null
    write_late 2 "$program" $first/gone/f
    sleep 1
    rm -rf $server/gone
    mkdir $server/gone
    echo other >$server/gone/f
    wait_for_late
    check 'directory removed on the server' "$status" 1 "$(said); f: $(cat $server/gone/f)"
}

file_replaced() {
    echo old >$server/m
    chmod 600 $server/m
    cat $first/m >/dev/null
    write_late 1 "$program" $first/m
    sleep 0.5
    echo other >$server/other
    chmod 640 $server/other
    chown 5:6 $server/other
    mv $server/other $server/m
    wait_for_late
    check 'TARGET replaced on the server meanwhile' "$(cat $server/m) $(stat -c %a:%u:%g $server/m)" 'x 640:5:6' "$(said)"
}

file_edited() {
    echo old >$server/e
    run "$program" --edit $first/e -- sh -c "echo changed >$server/e; sleep 1; cat"
    check '--edit, changed on the server meanwhile' "$status $(cat $server/e)" '123 changed' "$errors"
}

part_changes() {
    directory_renamed
    directory_removed
    file_replaced
    file_edited
}

restart_while_writing() {
    echo old >$server/s
    (
        run "$program" $first/s < <(
            head -c 3M /dev/zero
            sleep 3
            echo end
        )
        echo "$status" >/tmp/late.status
        echo "$errors" >/tmp/late.errors
    ) &
    late=$!
    sleep 1
    stop_nfsd
    sleep 3
    start_nfsd
    wait_for_late
    check 'server restarted while the input comes' "$status $(stat -c %s $server/s)" '0 3145732' "$errors"
    nothing_left_there 'nothing left after the restart'
}

many_versions() {
    local number
    for number in {1..40}; do
        if ! echo "version $number" | "$program" $first/s; then
            fail 'replace during restarts' "version $number"
            return
        fi
    done
}

restart_while_replacing() {
    local writer _
    many_versions 2>/tmp/versions &
    writer=$!
    for _ in 1 2; do
        sleep 1
        stop_nfsd
        sleep 1
        start_nfsd
    done
    wait "$writer"
    note 'during restarts said' "$(most_frequent /tmp/versions)"
    check '40 replacements during two restarts' "$(cat $server/s)" 'version 40'
    nothing_left_there 'nothing left after two restarts'
}

# On a soft mount a call fails when the server is away for too long.
soft_mount() {
    umount /mnt/b
    nfs_client 3 /mnt/b "vers=$version,soft,timeo=20,retrans=1" || return
    echo old >$server/soft
    ls $second >/dev/null
    write_late 2 timeout 100 "$program" $second/soft
    sleep 1
    stop_nfsd
    wait_for_late
    start_nfsd
    sleep 12
    check 'soft mount, the server is away' "$status $(cat $server/soft)" '1 old' "$errors"
    note 'left on a soft mount' "$(leftovers $server)"
    tidy
    umount /mnt/b
    nfs_client 3 /mnt/b "$options"
}

part_restarts() {
    restart_while_writing
    restart_while_replacing
    soft_mount
}

# export_to_second OPTIONS: as the second client sees it from then on.
export_to_second() {
    umount /mnt/b
    nfs_export_again "$1"
    nfs_client 3 /mnt/b "$options"
}

part_exports() {
    local squashed=$server/squashed
    export_to_second "${nfs_export/no_root_squash/root_squash}"
    mkdir -p $squashed
    echo old >$squashed/f
    chown -R 1000:1000 $squashed
    chmod 755 $squashed
    run timeout 5 "$program" $second/squashed/f < <(sleep 20)
    check 'root_squash: found before reading' "$status" 1 "$errors"
    note 'root_squash said' "$errors"

    chmod 777 $squashed
    chmod 666 $squashed/f
    run "$program" $second/squashed/f <<<new
    note 'root_squash, a file for everybody' "$(said); $(stat -c %a:%u:%g $squashed/f) $(cat $squashed/f)"
    nothing_left 'nothing left, root_squash' $squashed

    chmod 600 $squashed/f
    run "$program" $second/squashed/f <<<newer
    note 'root_squash, a 600 file of a user' "$(said); $(stat -c %a:%u:%g $squashed/f) $(cat $squashed/f)"
    nothing_left 'nothing left, root_squash 600' $squashed

    export_to_second "${nfs_export/rw/ro}"
    run timeout 5 "$program" $second/f < <(sleep 20)
    check 'read-only export: found before reading' "$status" 1 "$errors"
    note 'read-only export said' "$errors"
    export_to_second "$nfs_export"
}

nfs_server
if nfs_client 2 /mnt/a "$options" && nfs_client 3 /mnt/b "$options"; then
    mkdir -p $server
    chmod 777 $server
    ls $first $second >/dev/null
    for part in "${parts[@]}"; do
        "part_$part"
    done
    umount /mnt/a /mnt/b
else
    fail 'mount' "$(ip addr | grep inet)"
fi
kernel_messages 'BUG:|WARNING:|Oops:|hung'
