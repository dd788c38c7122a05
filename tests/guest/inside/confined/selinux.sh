# Sourced by confined.sh.
# shellcheck source=../common.sh
source /guest/common.sh

label_of() {
    getfattr --only-values -h -n security.selinux "$1" 2>&1 | tr -d '\0'
}

own_label() {
    tr -d '\0' </proc/self/attr/current
}

enforce() {
    echo "$1" >/sys/fs/selinux/enforce
}

load_labels() {
    load_policy -i 2>/tmp/policy || load_policy 2>>/tmp/policy
    note 'policy' "$(tail -1 /tmp/policy); version $(cat /sys/fs/selinux/policyvers), as $(own_label)"
    # What was mounted before there was a policy has no labels.
    cd / || return
    umount $target
    mount $disk $target
    cd $target || return
}

labels_of_files() {
    local before
    mkdir d
    chcon system_u:object_r:etc_t:s0 d
    echo old >d/f
    note 'a new file as touch makes it' "$(label_of d/f)"
    chcon system_u:object_r:shadow_t:s0 d/f
    before=$(label_of d/f)
    run "$program" d/f <<<new
    check 'label of the old file kept' "$status $(label_of d/f)" "0 $before" "$errors"
    run "$program" d/new <<<new
    touch d/touched
    check 'label of a new file is as touch has it' "$(label_of d/new)" "$(label_of d/touched)"
    run "$program" --validate 'getfattr --only-values -h -n security.selinux "$1" >&2; test -r "$1"' d/f <<<valid
    note 'label while validated' "$errors"
    run "$program" --backup=simple d/f <<<two
    check 'labels of file and backup' "$(label_of d/f) $(label_of d/f~)" "$before $before"
    run "$program" --from d/f d/g
    note '--from: label of the copy' "$(label_of d/g) of $(label_of d/f)"
}

labels_of_users() {
    local before
    mkdir u
    echo old >u/f
    chown -R 1000:1000 u
    chcon system_u:object_r:user_home_t:s0 u/f
    before=$(label_of u/f)
    run as_user "$program" u/f <<<new
    check 'label kept by an ordinary user' "$(label_of u/f)" "$before" "$(said)"
}

while_enforced() {
    enforce 1
    run "$program" d/f <<<enforced
    note "enforced, as $(own_label)" "$(said) $(label_of d/f)"
    enforce 0
}

# in_domain DOMAIN TYPE: replaces a file of TYPE. The program starts unenforced, and is enforced when its input comes.
in_domain() {
    local domain=$1 type=$2 directory=user_home_t writer test
    test="enforced ${domain#*:*:} on $type"
    if [[ $domain == *httpd* ]]; then
        directory=httpd_sys_rw_content_t
    fi
    enforce 0
    rm -rf h /tmp/fifo
    mkdir -m 777 h
    chcon "system_u:object_r:$directory:s0" h
    echo old >h/f
    chmod 666 h/f
    chcon "system_u:object_r:$type:s0" h/f
    mkfifo -m 666 /tmp/fifo
    runcon "$domain" /usr/bin/confined-program h/f </tmp/fifo 2>/tmp/refusal &
    writer=$!
    exec 7>/tmp/fifo
    sleep 0.5
    enforce 1
    echo new >&7
    exec 7>&-
    wait "$writer"
    status=$?
    enforce 0
    errors=$(cat /tmp/refusal)
    case "$status|$(cat h/f)|$(label_of h/f)|$errors" in
        "0|new|system_u:object_r:$type:s0|"*) pass "$test" "$errors" ;;
        '0|new|'*security.selinux*) pass "$test" "with a warning: $errors" ;;
        '1|old|'*) pass "$test" "refused: $errors" ;;
        *) fail "$test" "$(said); $(label_of h/f) $(cat h/f), left: $(leftovers h)" ;;
    esac
}

in_domains() {
    local domain type
    cp "$program" /usr/bin/confined-program
    chcon system_u:object_r:bin_t:s0 /usr/bin/confined-program
    for domain in system_u:system_r:httpd_t:s0 staff_u:staff_r:staff_t:s0 user_u:user_r:user_t:s0; do
        for type in httpd_sys_rw_content_t user_home_t tmp_t; do
            in_domain "$domain" "$type"
        done
    done
}

# A mount that has one label for all.
mount_with_context() {
    mkdir -p /mnt/context
    mount -t tmpfs -o context=system_u:object_r:etc_t:s0 tmpfs /mnt/context || return
    echo old >/mnt/context/f
    run "$program" /mnt/context/f <<<new
    check 'mount with context=' "$status $errors $(cat /mnt/context/f)" '0  new' "$(label_of /mnt/context/f)"
    umount /mnt/context
}

part_selinux() {
    mount -t selinuxfs selinuxfs /sys/fs/selinux 2>/dev/null
    if ! is_mounted /sys/fs/selinux; then
        note 'selinux' "not on: $(cat /sys/kernel/security/lsm 2>/dev/null)"
        return
    fi
    load_labels
    labels_of_files
    labels_of_users
    while_enforced
    in_domains
    mount_with_context
    dmesg | grep avc | tail -6 | note_lines 'avc'
}
