# Sourced by `all` and `ci`. Runs guests, some at once, collects their results in a folder, and sums them up.
#
# GUESTS_AT_ONCE (2) is how many run at the same time, two processors each.

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

GUESTS_AT_ONCE=${GUESTS_AT_ONCE:-2}
: "${ATOMIC_WRITE:?the path of a static build of the program}"

is_failure='^R|[^|]*|[^|]*|[^|]*|FAIL|'
# Where each job writes its results; set by new_results.
results=
running=0

# new_results FOLDER
new_results() {
    results=$1
    mkdir -p "$results"
    rm -f "$results"/*.txt "$results"/*.first
    trap stop_jobs EXIT
    trap 'exit 143' TERM
    trap 'exit 130' INT
}

# What a job runs has to end its guest; the job itself then ends too.
stop_jobs() {
    local job
    for job in $(jobs -p); do
        pkill -TERM -P "$job" || true
    done
}

# release_of KERNEL-FOLDER
release_of() {
    basename "$1" | sed 's/^kernel-//'
}

# guest_job KERNEL-FOLDER NAME OPTION-OR-COMMAND...: run-guest with these arguments; NAME is for the file of its results.
#
# Under emulation some checks depend on how busy the machine is: a guest in which something failed is run once more, and then
# counts. What failed the first time is a note, and its results are kept beside the others.
guest_job() {
    local kernel=$1 name=$2 release file first
    shift 2
    release=$(release_of "$kernel")
    file=$results/$release-$name.txt
    one_guest "$@"
    if ! grep -q "$is_failure" "$file"; then
        return
    fi
    first=$results/$release-$name.first
    mv "$file" "$first"
    one_guest "$@"
    grep "$is_failure" "$first" | sed 's/|FAIL|/|NOTE|failed the first time: /' >>"$file"
}

# one_guest OPTION-OR-COMMAND...: for guest_job, whose variables it uses.
one_guest() {
    local status=0
    "$here/run-guest" -k "$kernel" -o "$results/$release-$name" "$@" >"$file" 2>&1 || status=$?
    if ((status > 1)); then
        echo "R|$release|$name|the guest comes to its end|FAIL|status $status, see $file" >>"$file"
    fi
}

# cuts_job KERNEL-FOLDER FILE-SYSTEM CUTS SEED
cuts_job() {
    local kernel=$1 file_system=$2 release file
    release=$(release_of "$kernel")
    file=$results/$release-cuts-$file_system.txt
    timeout "$((300 + $3 * 60))" python3 "$here/cuts.py" "$@" >"$file" 2>&1 || true
    if ! grep -q '^R|' "$file"; then
        echo "R|$release|cuts-$file_system|the cuts come to their end|FAIL|see $file" >>"$file"
    fi
}

# in_background COMMAND...: as soon as there is room for one more.
in_background() {
    if ((running == GUESTS_AT_ONCE)); then
        wait -n || true
        running=$((running - 1))
    fi
    "$@" &
    running=$((running + 1))
}

# summary: a table, the failures, and how many passed and failed. Fails when something failed.
summary() {
    wait
    cat "$results"/*.txt | grep '^R|' | sort -t '|' -k 2,2V -k 3,3 >"$results/all-results" || true
    awk -F '|' '
        { key = sprintf("%-26s %-22s", $2, $3) }
        !(key in rows) { rows[key] = 1; order[++count] = key }
        $5 == "PASS" { passed[key]++ }
        $5 == "FAIL" { failed[key]++ }
        END {
            printf "%-26s %-22s %7s %7s\n", "kernel", "where", "passed", "failed"
            for (i = 1; i <= count; i++) {
                key = order[i]
                if (passed[key] + failed[key])
                    printf "%s %7d %7d\n", key, passed[key], failed[key]
                else
                    printf "%s   not to be had\n", key
            }
        }
    ' "$results/all-results"
    grep "$is_failure" "$results/all-results" || true
    local passed failed
    passed=$(grep -cE '^R\|[^|]*\|[^|]*\|[^|]*\|PASS\|' "$results/all-results" || true)
    failed=$(grep -c "$is_failure" "$results/all-results" || true)
    echo "$passed passed, $failed failed, in $SECONDS s; all results are in $results"
    ((failed == 0 && passed > 0))
}
