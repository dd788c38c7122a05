# Sourced by confined.sh.
# shellcheck source=../common.sh
source /guest/common.sh

# under_rules TEST RIGHTS FILE: whatever is permitted, what is said must be true.
under_rules() {
    local file=$target/l/$3
    echo old >"$file"
    if [[ $3 == new ]]; then
        rm -f "$file"
    fi
    run python3 /guest/confined/landlock.py "$2" $target/l "$program" "$file" <<<new
    note "$1" "$(verdict l "$3" 2>&1)"
    if [[ $3 == f ]]; then
        check_that "$1" "$(said)" is_true "$file"
    fi
    remove_leftovers l
}

part_landlock() {
    mkdir -p l
    run python3 /guest/confined/landlock.py 0 $target/l /bin/true
    if [[ $status == 77 ]]; then
        note 'landlock' 'not in this kernel'
        return
    fi
    under_rules 'all rights' 0xffff f
    under_rules 'without truncate' 0x3fff f
    under_rules 'without make and remove' 0xe f
    under_rules 'without remove' 0xdf f
    under_rules 'no reading of the directory' 0x7ff7 f
    under_rules 'write only, a new file' 0x102 new
}
