# Sourced. An NFS server in the guest and two clients in network namespaces of their own.

# shellcheck source=common.sh
source /guest/common.sh

nfs_export=rw,sync,no_root_squash,no_subtree_check,fsid=0

# With quotas for users, where mkfs.ext4 and the kernel have them.
nfs_disk() {
    mkdir -p /srv/e
    if ! is_mounted /srv/e; then
        mkfs.ext4 -qF -m 0 -O quota -E quotatype=usrquota $disk 2>/dev/null || mkfs.ext4 -qF -m 0 $disk
        mount -o usrquota $disk /srv/e || mount $disk /srv/e
    fi
    chmod 1777 /srv/e
}

# nfs_network NUMBER: the network namespace cNUMBER, a cable to it, and what a client of version 3 needs there.
nfs_network() {
    local number=$1
    ip netns add "c$number"
    ip link add "v$number" type veth peer name "e$number"
    ip link set "e$number" netns "c$number"
    ip addr add "10.9.$number.1/24" dev "v$number"
    ip link set "v$number" up
    ip -n "c$number" addr add "10.9.$number.2/24" dev "e$number"
    ip -n "c$number" link set "e$number" up
    ip -n "c$number" link set lo up
    ip netns exec "c$number" unshare -m bash -c '
        mount -t tmpfs tmpfs /run
        mkdir -p /run/rpcbind /run/sendsigs.omit.d
        rpcbind
        rpc.statd --no-notify
    ' 2>/dev/null
}

start_nfsd() {
    rpc.nfsd --grace-time 10 --lease-time 10 8 2>/dev/null || rpc.nfsd 8
}

stop_nfsd() {
    rpc.nfsd 0
}

nfs_server() {
    local module
    for module in nfsd nfs nfsv3 nfsv4; do
        modprobe $module 2>/dev/null
    done
    mkdir -p /var/lib/nfs/rpc_pipefs /var/lib/nfs/v4recovery /run/rpcbind
    nfs_disk
    mount -t nfsd nfsd /proc/fs/nfsd 2>/dev/null
    mount -t rpc_pipefs sunrpc /var/lib/nfs/rpc_pipefs 2>/dev/null
    rpcbind -w 2>/dev/null || rpcbind
    rpc.statd 2>/dev/null
    nfs_network 2
    nfs_network 3
    exportfs -o "$nfs_export" '*:/srv/e'
    start_nfsd
    rpc.mountd
}

# nfs_export_again OPTIONS
nfs_export_again() {
    exportfs -u '*:/srv/e'
    exportfs -o "$1" '*:/srv/e'
}

# nfs_options VERSION
nfs_options() {
    if [[ $1 == 3 ]]; then
        echo vers=3,hard,mountproto=tcp
    else
        echo "vers=$1,hard"
    fi
}

# nfs_client NUMBER DIRECTORY OPTIONS. The export is itself the root that version 4 sees.
nfs_client() {
    local number=$1 directory=$2 options=$3 path=/
    if [[ $options == vers=3* ]]; then
        path=/srv/e
    fi
    mkdir -p "$directory"
    if nsenter --net="/run/netns/c$number" mount -t nfs -o "$options" "10.9.$number.1:$path" "$directory" 2>/tmp/mounting; then
        return
    fi
    note "mount $options" "not to be had here: $(tail -2 /tmp/mounting)"
    return 1
}
