# Sourced by confined.sh.
# shellcheck source=../common.sh
source /guest/common.sh

# load_profile RULES: what the program may do, besides running.
load_profile() {
    cat >/tmp/profile <<PROFILE
abi <abi/3.0>,
profile atomic-write {
  /guest/bin/atomic-write mrix,
  /bin/* mrix,
  /usr/bin/* mrix,
  /lib/** mr,
  /usr/lib/** mr,
  /etc/ld.so.cache r,
  $1
}
PROFILE
    apparmor_parser -r /tmp/profile 2>/tmp/parser || note 'apparmor_parser' "$(tail -1 /tmp/parser)"
}

# under_profile TEST RULES: whatever is permitted, what is said must be true.
under_profile() {
    load_profile "$2"
    echo old >a/f
    run aa-exec -p atomic-write -- "$program" $target/a/f <<<new
    check_that "$1" "$(verdict a f)" is_true a/f
    note "$1" "$(verdict a f)"
    remove_leftovers a
}

part_apparmor() {
    local directory=$target/a
    mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
    if [[ ! -e /sys/kernel/security/apparmor ]]; then
        note 'apparmor' "not on: $(cat /sys/kernel/security/lsm 2>/dev/null)"
        return
    fi
    mkdir -p a
    under_profile 'may do all in its directory' "$directory/ rw, $directory/* rwl, /proc/** r,"
    under_profile 'no permission to link' "$directory/ rw, $directory/* rw, /proc/** r,"
    under_profile 'only the file itself' "$directory/f rw, /proc/** r,"
    under_profile 'the file and .aw-*' "$directory/f rw, $directory/.aw-* rwl, /proc/** r,"
    under_profile 'file, .aw-*, directory readable' "$directory/ r, $directory/f rwl, $directory/.aw-* rwl, /proc/** r,"
    under_profile 'with the usual capabilities' "$directory/ r, $directory/* rwl, $directory/#* rwl, /proc/** r,
        capability dac_override, capability chown, capability fowner,"
    under_profile 'no /proc' "$directory/ rw, $directory/* rwl,"
    dmesg | grep 'apparmor="DENIED"' | sed 's/.*apparmor/apparmor/' | cut -c1-160 | sort | uniq -c | sort -rn | head -8 |
        note_lines 'denied'
}
