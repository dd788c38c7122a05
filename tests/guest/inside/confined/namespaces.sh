# Sourced by confined.sh.
# shellcheck source=../common.sh
source /guest/common.sh

# sandbox COMMAND...: the file system is read-only but for what options of bwrap(1) before COMMAND say.
sandbox() {
    as_user bwrap --ro-bind / / --dev /dev --unshare-all "$@"
}

# rootless COMMAND...: in a user namespace.
rootless() {
    as_user bwrap --dev-bind / / --unshare-user "$@"
}

namespace_files() {
    mkdir -p n
    chown 1000:1000 n
    chmod 777 n
    echo old >n/mine
    chown 1000:1000 n/mine
    chmod 640 n/mine
    echo old >n/root
    chmod 666 n/root
    echo old >n/mapped
    chown 100005:100005 n/mapped
    chmod 666 n/mapped
    useradd -u 1000 -M u 2>/dev/null
    echo 'u:100000:65536' >/etc/subuid
    echo 'u:100000:65536' >/etc/subgid
    sysctl -q kernel.unprivileged_userns_clone=1 2>/dev/null
}

without_root() {
    run rootless --uid 0 --gid 0 "$program" n/mine <<<new
    check 'own file, rootless' "$status $(stat -c %a:%u:%g n/mine) $(cat n/mine)" '0 640:1000:1000 new' "$errors"
    run rootless "$program" n/root <<<new
    note "root's file, rootless (root is not mapped)" "$(said) $(stat -c %a:%u:%g n/root) $(cat n/root)"
    run rootless "$program" n/new <<<new
    check 'new file, rootless' "$status $(stat -c %u:%g n/new)" '0 1000:1000' "$errors"
    run as_user unshare --user --map-root-user --map-auto "$program" n/mapped <<<new
    note "a container user's file, by the container's root" "$(said) $(stat -c %a:%u:%g n/mapped) $(cat n/mapped)"
}

in_sandboxes() {
    local directory=$target/n
    run sandbox --proc /proc --bind $directory $directory "$program" $directory/mine <<<new2
    check 'sandbox, own directory writable' "$status $(cat n/mine)" '0 new2' "$errors"
    run sandbox --proc /proc timeout 5 "$program" $directory/mine < <(sleep 20)
    check 'sandbox, read-only: found before reading' "$status" 1 "$errors"
    note 'read-only sandbox said' "$errors"
    run sandbox --proc /proc --bind $directory/mine $directory/mine "$program" $directory/mine <<<x
    check 'one file mounted into a sandbox is refused' "$status" 1 "$errors"
    note 'one file mounted said' "$errors"
    run sandbox --bind $directory $directory "$program" $directory/mine <<<x
    note "sandbox with the host's /proc" "$(said)"
    run sandbox --tmpfs /proc --bind $directory $directory "$program" --edit $directory/mine -- tr a-z A-Z
    check 'sandbox without /proc' "$status" 0 "$errors"
}

# Runs in a user namespace of its own.
overlay_script='
    mkdir -p "$1"/{lower,upper,work,merged}
    cd "$1"
    echo low >lower/f
    chmod 640 lower/f
    setfattr -n user.k -v 1 lower/f
    mount -t overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work overlay merged || exit
    cd merged
    echo new | "$2" f && stat -c %a:%u:%g f && cat f && getfattr -d f || exit
    echo x | "$2" --backup=simple f && echo y | "$2" g && ls -A
'

overlay_without_root() {
    local test='overlay mounted without root'
    run as_user unshare --user --map-root-user --mount bash -c "$overlay_script" - $target/n "$program"
    note "$test" "$output $(said)"
    if [[ $errors == mount:* ]]; then
        return
    fi
    check_that "$test" "$output $(said)" grep -qzE '640:0:0.new.*user\.k' <<<"$output"
    check "$test: status" "$status" 0 "$errors"
}

part_namespaces() {
    namespace_files
    without_root
    in_sandboxes
    overlay_without_root
}
