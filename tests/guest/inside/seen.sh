# Sourced. Is a file ever absent or torn, seen by others, while it is replaced?

# While readers look: where each looks, its process, and where it writes what it saw.
readers=()
reader_names=()

# start_reader NAME FILE SIZE|lines
start_reader() {
    python3 /guest/watch.py "$2" /tmp/stop "$3" >"/tmp/seen.$1" 2>"/tmp/unseen.$1" &
    readers+=("$!")
    reader_names+=("$1")
}

# stop_readers check|note TEST: tells what each of them saw.
stop_readers() {
    local name opens missing unreadable torn details
    touch /tmp/stop
    wait "${readers[@]}"
    rm -f /tmp/stop
    for name in "${reader_names[@]}"; do
        read -r opens missing unreadable torn <"/tmp/seen.$name"
        details="of $opens opens; $(most_frequent "/tmp/unseen.$name")"
        # An NFS server forgets a file that is replaced, whoever has it open on another client.
        if [[ $1 == check && $name == *client* ]] && ((unreadable)); then
            note "$2, seen by the $name" "$unreadable could be opened and not be read any more, $details"
            unreadable=0
        fi
        if [[ $1 == check ]]; then
            check "$2, seen by the $name" "$missing missing, $unreadable unreadable, $torn torn" \
                '0 missing, 0 unreadable, 0 torn' "$details"
            note "$2, seen by the $name" "$opens opens"
        else
            note "$2, seen by the $name" "$missing missing, $unreadable unreadable, $torn torn $details"
        fi
    done
    readers=()
    reader_names=()
}
