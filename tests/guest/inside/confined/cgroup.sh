# Sourced by confined.sh.
# shellcheck source=../common.sh
source /guest/common.sh

groups=/sys/fs/cgroup

# in_group GROUP COMMAND...
in_group() {
    local group=$1
    shift
    (
        echo "$BASHPID" >"$groups/$group/cgroup.procs"
        exec "$@"
    )
}

little_memory() {
    local started=$SECONDS
    mkdir -p $groups/memory
    echo 16M >$groups/memory/memory.max
    echo 0 >$groups/memory/memory.swap.max 2>/dev/null
    run in_group memory "$program" big < <(head -c "$BIG" /dev/zero)
    check "$BIG with memory.max=16M" "$status $(stat -c %s big)" "0 $(numfmt --from=iec "$BIG")" "$errors"
    note 'took' "$((SECONDS - started)) s; $(paste -sd ' ' $groups/memory/memory.events)"
    run in_group memory "$program" --append big <<<tail
    check '--append to it with 16M' "$status $(tail -c 5 big)" '0 tail' "$errors"
    run in_group memory "$program" --from big big2
    check_that '--from with 16M' "$(said)" cmp -s big big2
    rm -f big big2
}

slow_disk() {
    local started=$SECONDS
    mkdir -p $groups/slow
    echo "$(lsblk -dno MAJ:MIN $disk | tr -d ' ') wbps=4194304 wiops=100" >$groups/slow/io.max 2>/tmp/refusal ||
        note 'io.max' "$(cat /tmp/refusal)"
    run in_group slow "$program" slow < <(head -c 40M /dev/zero)
    check '40 MiB with io.max of 4 MiB/s' "$status $(stat -c %s slow)" '0 41943040' "$errors"
    note 'took' "$((SECONDS - started)) s"
}

terminated_while_slow() {
    local writer started
    in_group slow "$program" slow < <(head -c 40M /dev/zero) &
    writer=$!
    sleep 2
    kill -TERM "$writer"
    started=$SECONDS
    wait "$writer"
    note 'SIGTERM while throttled' "status $? after $((SECONDS - started)) s; left: $(leftovers .)"
}

killed_while_frozen() {
    local writer
    in_group slow "$program" slow < <(head -c 40M /dev/zero) &
    writer=$!
    sleep 2
    echo 1 >$groups/slow/cgroup.freeze
    sleep 1
    # Older kernels have no cgroup.kill.
    if [[ -e $groups/slow/cgroup.kill ]]; then
        echo 1 >$groups/slow/cgroup.kill
    else
        kill -KILL "$writer"
    fi
    echo 0 >$groups/slow/cgroup.freeze
    wait "$writer"
    note 'frozen and killed' "status $?; left: $(leftovers .)"
}

part_cgroup() {
    if [[ ! -e $groups/cgroup.controllers ]]; then
        note 'cgroup' 'no cgroup2'
        return
    fi
    echo '+memory +io' >$groups/cgroup.subtree_control 2>/tmp/refusal ||
        note 'controllers' "$(cat $groups/cgroup.controllers): $(cat /tmp/refusal)"
    little_memory
    slow_disk
    terminated_while_slow
    killed_while_frozen
}
