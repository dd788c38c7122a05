# held.sh WHERE...: what becomes of TARGET where somebody has it open, or the program itself. WHERE is smb, sshfs, bindfs or
# ntfs-3g.

# shellcheck source=common.sh
source /guest/common.sh
# shellcheck source=servers.sh
source /guest/servers.sh

file=/mnt/a/f
# The same file where it is served.
served=$share/f

mount_one() {
    case $1 in
        smb) mount_smb vers=3.1.1 ;;
        sshfs) mount_sshfs ;;
        bindfs) bindfs $share /mnt/a ;;
        ntfs-3g)
            umount /srv/e
            mkfs.ntfs -qQF $disk >/dev/null && mount -t ntfs-3g $disk /srv/e
            mkdir -p $share
            mount --bind $share /mnt/a
            ;;
        *)
            echo "no such place in held.sh: $1" >&2
            return 1
            ;;
    esac
}

fresh() {
    echo old >$file
    sync $file
}

# tidy: for the next test.
tidy() {
    find $share -mindepth 1 -delete
    sleep 0.2
    ls /mnt/a >/dev/null
}

# content PATH: in one line.
content() {
    # What was closed late arrives late.
    sleep 0.3
    paste -sd ' ' "$1" 2>&1
}

found() {
    echo "$(said); TARGET on the server: $(content $served); beside it: $(find $share -mindepth 1 ! -name f -printf '%f ')"
}

# expect_new TEST CONTENT: TARGET was replaced.
expect_new() {
    check "$1" "$status|$(content $served)" "0|$2" "$(found)"
    tidy
}

# expect_refused TEST: nothing has happened, and that was said.
expect_refused() {
    check_that "$1" "$(found)" grep -q 'no lock that lasts.*(unchanged)' <<<"$errors"
    check "$1: TARGET" "$status|$(content $served)" '1|old' "$(found)"
    tidy
}

# is_rescued CONTENT: TARGET is gone, which was told, and the path that was told has the new content.
is_rescued() {
    local path
    path=$(sed -n 's/.*hint: the whole new content is //p' <<<"$errors")
    [[ $status == 5 && -n $path ]] || return
    [[ $errors == *missing* || $errors != *unchanged* ]] || return
    [[ $(content "$share/$(basename "$path")") == "$1" ]]
}

# expect_new_or_told TEST CONTENT: where another program of the same machine has TARGET open on SMB. Clients before Linux 6.17,
# or so, remove TARGET there whatever is done. Then the new content must not be lost, and what is said must be true.
expect_new_or_told() {
    local there
    there=$(content $served)
    if [[ "$status|$there" == "0|$2" ]]; then
        pass "$1" 'replaced'
    elif is_rescued "$2"; then
        pass "$1" "TARGET is missing, and the new content was found by the hint: $(said)"
    elif [[ $status != 0 && $there == old && $errors == *'(unchanged)'* ]]; then
        note "$1" "refused, and TARGET is as it was: $(said)"
    else
        fail "$1" "$(found)"
    fi
    tidy
}

ways_to_replace() {
    local digest
    fresh
    run "$program" $file <<<new
    expect_new 'replace' new

    fresh
    run "$program" --append $file <<<new
    expect_new '--append' 'old new'

    fresh
    run "$program" --edit $file -- sed s/old/new/
    expect_new '--edit' new

    fresh
    run "$program" --if-changed $file <<<new
    expect_new '--if-changed' new

    fresh
    digest=$(sha256sum <$file | cut -d' ' -f1)
    run "$program" --if-match "sha256:$digest" $file <<<new
    expect_new '--if-match' new

    fresh
    run "$program" --backup=simple $file <<<new
    expect_new '--backup' new

    fresh
    run "$program" --lock $file <<<new
    if [[ $where == held-smb ]]; then
        expect_refused '--lock'
    else
        expect_new '--lock' new
    fi
}

while_held() {
    fresh
    exec 8<$file
    run "$program" $file <<<new
    exec 8<&-
    if [[ $where == held-smb ]]; then
        expect_new_or_told 'replace, a reader has it open' new
    else
        expect_new 'replace, a reader has it open' new
    fi

    fresh
    echo new >/mnt/a/other
    exec 8<$file
    run mv /mnt/a/other $file
    exec 8<&-
    note 'mv, a reader has it open, for comparison' "$(found)"
    tidy

    fresh
    exec 8<$served
    run "$program" $file <<<new
    exec 8<&-
    expect_new 'replace, a reader on the server has it open' new
}

modprobe fuse 2>/dev/null
for name in "$@"; do
    where=held-$name
    new_share
    if ! mount_one "$name" 2>/tmp/mounting || ! is_mounted /mnt/a; then
        note 'mount' "not to be had here: $(tail -2 /tmp/mounting)"
        continue
    fi
    ways_to_replace
    while_held
    umount /mnt/a
done
