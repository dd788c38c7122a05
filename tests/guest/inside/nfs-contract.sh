# nfs-contract.sh VERSION...: the contract on NFS.

# shellcheck source=contract.sh
source /guest/contract.sh
# shellcheck source=nfs.sh
source /guest/nfs.sh

nfs_server
for version in "$@"; do
    where=nfs$version
    nfs_client 2 /mnt/a "$(nfs_options "$version")" || continue
    flags=(named nolock)
    # Before version 4.2 there are no attributes; version 3 has ACLs.
    case $version in
        3 | 4.2) ;;
        *) flags+=(noxattr) ;;
    esac
    mkdir -p "/srv/e/dir$version"
    chmod 777 "/srv/e/dir$version"
    contract "/mnt/a/dir$version" "$where" "${flags[@]}"
    nothing_left 'nothing left on the server' "/srv/e/dir$version"
    umount /mnt/a
done
