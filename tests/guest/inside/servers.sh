# Sourced. Servers of SMB and of ssh in the guest, and how to mount what they serve: /srv/e/share at /mnt/a.

share=/srv/e/share

start_samba() {
    pidof smbd >/dev/null && return
    mkdir -p /run/samba /var/log/samba /var/lib/samba/private
    cat >/etc/samba/smb.conf <<'CONFIGURATION'
[global]
server role = standalone server
map to guest = never
interfaces = lo
bind interfaces only = yes
smb ports = 445
log file = /tmp/smb.log
disable spoolss = yes
load printers = no
ea support = yes
[share]
path = /srv/e/share
writable = yes
force user = root
create mask = 0777
CONFIGURATION
    printf 'p\np\n' | smbpasswd -s -a root >/dev/null 2>&1
    smbd -D
    wait_for_port 445
}

# wait_for_port PORT: up to ten seconds.
wait_for_port() {
    local _
    for _ in {1..50}; do
        (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.2
    done
}

# mount_smb OPTIONS
mount_smb() {
    modprobe cifs 2>/dev/null
    start_samba
    mount -t cifs -o "$1,username=root,password=p" //127.0.0.1/share /mnt/a
}

start_sshd() {
    pidof sshd >/dev/null && return
    mkdir -p /run/sshd /root/.ssh
    ssh-keygen -A >/dev/null 2>&1
    ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
    cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
    chmod 600 /root/.ssh/*
    /usr/sbin/sshd -o PermitRootLogin=yes -o UsePAM=no
    wait_for_port 22
}

mount_sshfs() {
    modprobe fuse 2>/dev/null
    start_sshd
    sshfs -o StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null "root@127.0.0.1:$share" /mnt/a
}

# new_share: an empty one.
new_share() {
    server_disk
    rm -rf $share
    mkdir -p $share /mnt/a
    chmod 777 $share
}
