# local.sh FILE-SYSTEM...: the contract on file systems on /dev/vdd, of 3 GiB.
# shellcheck source=contract.sh
source /guest/contract.sh

# What those that lie over another one lie over.
base=/mnt/base
flags=()

ext4_below() {
    mkfs.ext4 -qF $disk && mount $disk $base
}

# mount_overlay [OPTIONS]
mount_overlay() {
    ext4_below || return
    mkdir -p $base/{lower,upper,work}
    mount -t overlay -o "lowerdir=$base/lower,upperdir=$base/upper,workdir=$base/work${1:+,$1}" overlay $target
}

mount_overlay_on_squashfs() {
    ext4_below || return
    mkdir -p $base/{upper,work} /mnt/squashed /tmp/squashed
    echo lower >/tmp/squashed/lower
    chmod 640 /tmp/squashed/lower
    mksquashfs /tmp/squashed /tmp/squashed.img -quiet -no-progress >/dev/null
    mount -o loop /tmp/squashed.img /mnt/squashed || return
    mount -t overlay -o "lowerdir=/mnt/squashed,upperdir=$base/upper,workdir=$base/work" overlay $target || return
    run "$program" $target/lower <<<upper
    expect 'a file of the lower squashfs' 0 $target/lower upper
}

# The older tools do not know the last option.
mount_xfs() {
    local older=(-m 'bigtime=0,inobtcount=0')
    mkfs.xfs -qf "${older[@]}" -i nrext64=0 $disk || mkfs.xfs -qf "${older[@]}" $disk
    mount $disk $target
}

# The helper of mount(8) asks questions.
mount_ecryptfs() {
    local options=ecryptfs_cipher=aes,ecryptfs_key_bytes=16 signature
    ext4_below || return
    modprobe ecryptfs
    printf 'passphrase_passwd=secret' >/tmp/passphrase
    local key=key=passphrase:passphrase_passwd_file=/tmp/passphrase,ecryptfs_passthrough=n
    key+=,ecryptfs_enable_filename_crypto=n,no_sig_cache,ecryptfs_unlink_sigs
    mount -i -t ecryptfs -o "$key,$options" $base $target && return
    signature=$(printf secret | ecryptfs-add-passphrase - | sed -n 's/.*\[\(.*\)\].*/\1/p' | head -1)
    mount -i -t ecryptfs -o "ecryptfs_sig=$signature,$options" $base $target
}

mount_fuse_overlayfs() {
    ext4_below || return
    mkdir -p $base/{lower,upper,work}
    fuse-overlayfs -o "lowerdir=$base/lower,upperdir=$base/upper,workdir=$base/work" $target
}

# mount_one FILE-SYSTEM: makes it, mounts it and sets `flags`.
mount_one() {
    local foreign=(nomode noxattr nolink nosymlink named)
    flags=()
    case $1 in
        ext2 | ext3 | ext4) "mkfs.$1" -qF $disk && mount -t "$1" $disk $target ;;
        ext4-inline) mkfs.ext4 -qF -O inline_data $disk && mount $disk $target ;;
        ext4-journal) mkfs.ext4 -qF $disk && mount -o data=journal $disk $target ;;
        ext4-sync)
            flags=(small)
            mkfs.ext4 -qF $disk && mount -o sync,dirsync $disk $target
            ;;
        xfs) mount_xfs ;;
        btrfs) mkfs.btrfs -qf $disk && mount -t btrfs $disk $target ;;
        btrfs-compress) mkfs.btrfs -qf $disk && mount -t btrfs -o compress=zlib $disk $target ;;
        f2fs) mkfs.f2fs -qf $disk && mount -t f2fs $disk $target ;;
        bcachefs) mkfs.bcachefs -q -f $disk && mount -t bcachefs $disk $target ;;
        tmpfs) mount -t tmpfs -o size=600M tmpfs $target ;;
        overlay) mount_overlay ;;
        overlay-metacopy) mount_overlay metacopy=on,redirect_dir=on ;;
        overlay-volatile) mount_overlay volatile ;;
        overlay-index) mount_overlay index=on,nfs_export=on ;;
        squashfs-overlay) mount_overlay_on_squashfs ;;
        vfat)
            flags=("${foreign[@]}")
            mkfs.vfat -F 32 $disk && mount -t vfat $disk $target
            ;;
        exfat)
            flags=("${foreign[@]}")
            mkfs.exfat $disk && mount -t exfat $disk $target
            ;;
        ntfs3)
            flags=(named)
            mkfs.ntfs -qQF $disk && mount -t ntfs3 $disk $target
            ;;
        ntfs-3g)
            flags=(nomode noxattr nolink named small)
            mkfs.ntfs -qQF $disk && mount -t ntfs-3g $disk $target
            ;;
        ecryptfs)
            flags=(noxattr named)
            mount_ecryptfs
            ;;
        bindfs)
            flags=(named)
            ext4_below && bindfs $base $target
            ;;
        fuse-overlayfs)
            flags=(named)
            mount_fuse_overlayfs
            ;;
        *)
            echo "no such file system in local.sh: $1" >&2
            return 1
            ;;
    esac
}

# Overlay has no files without a name on older kernels, where `kill -9` leaves one that has.
has_unnamed_files() {
    python3 -c 'import os, sys; os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR)' "$1" 2>/dev/null
}

unmount_all() {
    cd / || return
    if is_mounted $target; then
        umount $target || umount -l $target
    fi
    umount /mnt/squashed 2>/dev/null
    umount $base 2>/dev/null
}

# check_disk FILE-SYSTEM: is what is on the disk sound?
check_disk() {
    local command
    case $1 in
        ext*) command=(e2fsck -fn "$disk") ;;
        xfs) command=(xfs_repair -n "$disk") ;;
        btrfs*) command=(btrfs check "$disk") ;;
        *) return ;;
    esac
    run "${command[@]}"
    check 'fsck' "$status" 0 "$(tail -3 <<<"$output") $errors"
}

# Those that can be mounted read-only once more.
check_read_only() {
    case $1 in
        tmpfs | overlay* | squashfs* | bindfs | fuse-overlayfs | ecryptfs | ntfs-3g) ;;
        *) read_only $target "$1" ;;
    esac
}

mkdir -p $base $target
modprobe fuse 2>/dev/null
for name in "${@:-ext4}"; do
    where=$name
    wipefs -qa $disk
    if mount_one "$name" >/dev/null 2>/tmp/mounting && is_mounted $target; then
        mkdir -p $target/dir
        if [[ $name == *overlay* ]] && ! has_unnamed_files $target/dir; then
            flags+=(named)
        fi
        contract $target/dir "$name" "${flags[@]}"
        check_read_only "$name"
        unmount_all
        check_disk "$name"
    else
        note 'mount' "not to be had here: $(tail -2 /tmp/mounting)"
        unmount_all
    fi
done
kernel_messages 'BUG:|WARNING:|Oops:|lockdep|hung'
