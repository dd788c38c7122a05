# confined.sh [PART]...: security labels, confinement and limits, on ext4.
#
#     selinux     labels, and domains that may write a file and not set its label. For this boot the guest with
#                 -a "apparmor=0 selinux=1 security=selinux enforcing=0"
#     apparmor    profiles that permit more or less
#     namespaces  user namespaces and sandboxes
#     landlock    rules that permit more or less
#     limits      ulimit
#     cgroup      limits of memory and of throughput
#
# BIG (1G) is the size of the file for which there is little memory.

# shellcheck source=common.sh
source /guest/common.sh
for part in selinux apparmor namespaces landlock limits cgroup; do
    # shellcheck source=/dev/null
    source "/guest/confined/$part.sh"
done

BIG=${BIG:-1G}

# verdict: what became of FILE in DIRECTORY, for notes.
verdict() {
    echo "$(said); the file: $(head -c 100 "$1/$2"), left: $(leftovers "$1")"
}

# is_true FILE: the file is the new one after exit 0 and the old one after another status.
is_true() {
    case "$status $(cat "$1")" in
        '0 new' | '1 old') return 0 ;;
        *) return 1 ;;
    esac
}

mkfs.ext4 -qF $disk
mkdir -p $target
mount $disk $target
parts=("$@")
if ((!$#)); then
    parts=(selinux apparmor namespaces landlock limits cgroup)
fi
for part in "${parts[@]}"; do
    where=$part
    cd $target || exit
    "part_$part"
done
cd / || exit
