# Sourced by confined.sh.
# shellcheck source=../common.sh
source /guest/common.sh

# limited OPTION NUMBER COMMAND...: COMMAND alone has the limit; the shell that runs the tests could not live with it.
limited() {
    bash -c 'ulimit "$1" "$2" && shift 2 && exec "$@"' - "$@" 3>&-
}

limit_file_size() {
    run limited -f 1000 "$program" r/f < <(head -c 5M /dev/zero)
    check 'ulimit -f' "$status $(cat r/f)" '1 old' "$errors"
    note 'ulimit -f said' "$errors"
    nothing_left 'nothing left after ulimit -f' r
}

# few_descriptors NUMBER STATUSES COMMAND...: replaced, or TARGET is as it was and the status is one of STATUSES.
few_descriptors() {
    local number=$1 statuses=$2 test
    shift 2
    test="ulimit -n $number, ${*#/guest/bin/}"
    echo old >r/f
    run limited -n "$number" "$@" <<<new
    if [[ "$status $(cat r/f)" == '0 new' ]]; then
        pass "$test" 'replaced'
    elif [[ " $statuses " == *" $status "* && $(cat r/f) == old ]]; then
        pass "$test" "refused: $(said)"
    else
        fail "$test" "$(said); $(cat r/f)"
    fi
}

limit_descriptors() {
    local number
    for number in 3 4 5 6 7 8 9 10 12; do
        few_descriptors "$number" '1' "$program" r/f
    done
    nothing_left 'nothing left after ulimit -n' r
    for number in 3 4 5 6 7 8 9 10 11 12 14 16; do
        few_descriptors "$number" '125 126 127' "$program" --lock --backup=simple r/f -- echo new
    done
    nothing_left 'nothing left after ulimit -n with COMMAND' r
}

limit_memory() {
    local kilobytes
    for kilobytes in 1500 3000 6000 20000; do
        echo old >r/f
        run limited -v "$kilobytes" "$program" r/f <<<new
        case "$status $(cat r/f)" in
            '0 new') pass "ulimit -v $kilobytes" ;;
            [1-9]*' old') pass "ulimit -v $kilobytes" "refused: $(said)" ;;
            *) fail "ulimit -v $kilobytes" "$(said); $(cat r/f)" ;;
        esac
    done
}

# harmless OPTION NUMBER: a limit that makes no difference.
harmless() {
    run limited "$1" "$2" "$program" r/f <<<x
    check "ulimit $1 $2" "$status" 0 "$errors"
}

limit_processes() {
    chown -R 1000:1000 r
    run as_user bash -c 'ulimit -u 1; exec "$@"' - "$program" r/f -- echo x
    note 'ulimit -u 1, COMMAND' "$(said) $(cat r/f)"
}

limit_time() {
    run limited -t 1 "$program" r/f < <(head -c 3G /dev/zero)
    note 'ulimit -t 1' "$(said) $(head -c 10 r/f | tr -d '\0')"
    nothing_left 'nothing left after ulimit -t' r
}

part_limits() {
    mkdir -p r
    echo old >r/f
    limit_file_size
    limit_descriptors
    limit_memory
    harmless -s 64
    harmless -i 0
    harmless -l 0
    limit_processes
    limit_time
}
