# net.sh WHERE...: the contract on SMB, sshfs and 9p, and what a program on the server sees.
#
#     smb, smb-nobrl, smb-noserverino, smb-mfsymlinks, smb-soft, smb-1   a server in the guest
#     sshfs                                                              a server in the guest
#     9p, 9p,OPTION                                                      a folder of the host, see the README
#
# REPLACEMENTS (40) is how many replacements of each kind are looked at.

# shellcheck source=contract.sh
source /guest/contract.sh
# shellcheck source=servers.sh
source /guest/servers.sh
# shellcheck source=seen.sh
source /guest/seen.sh

REPLACEMENTS=${REPLACEMENTS:-40}

# Clients of SMB before Linux 6.17, or so, remove a file that is open before they rename over it.
removes_open_files() {
    [[ $(printf '%s\n' 6.17 "$kernel" | sort -V | head -1) != 6.17 ]]
}

# mount_one WHERE: mounts it and sets `flags`.
mount_one() {
    flags=(nomode nolink nosymlink named small nolock)
    case $1 in
        smb) mount_smb vers=3.1.1 ;;
        smb-1) mount_smb vers=1.0 ;;
        smb-mfsymlinks)
            flags=(nomode nolink named small nolock)
            mount_smb vers=3.1.1,mfsymlinks
            ;;
        smb-*) mount_smb "vers=3.1.1,${1#smb-}" ;;
        sshfs)
            flags=(noxattr named small)
            mount_sshfs
            ;;
        9p*)
            flags=(named small nolock)
            mount -t 9p -o "trans=virtio,version=9p2000.L,msize=262144${1#9p}" host /mnt/a
            ;;
        *)
            echo "no such place in net.sh: $1" >&2
            return 1
            ;;
    esac
}

# seen_on_server check|note TEST MODE
seen_on_server() {
    digits 5000 >$share/dir/watched
    start_reader 'server' $share/dir/watched 5000
    run python3 /guest/replace.py "$3" "$REPLACEMENTS" /mnt/a/dir/watched
    stop_readers "$1" "$2"
    if [[ $1 == check ]]; then
        check "$2" "$status" 0 "$output $errors"
    fi
}

for name in "$@"; do
    where=$name
    new_share
    if ! mount_one "$name" 2>/tmp/mounting || ! is_mounted /mnt/a; then
        note 'mount' "not to be had here: $(tail -2 /tmp/mounting)"
        continue
    fi
    if [[ $name == smb* ]] && removes_open_files; then
        flags+=(noopen)
    fi
    mkdir -p /mnt/a/dir
    if [[ $name != 9p* ]]; then
        seen_on_server note 'mv, for comparison' mv
        seen_on_server check 'replace' replace
        seen_on_server check '--edit' edit
    fi
    contract /mnt/a/dir "$name" "${flags[@]}"
    if [[ $name != 9p* ]]; then
        nothing_left 'nothing left on the server' $share/dir
    fi
    umount /mnt/a
done
kernel_messages 'BUG:|WARNING:|Oops:|CIFS: '
