# Power losses: tests/powerloss. Sourced after common.sh, parts.sh and checks.sh.
# shellcheck shell=bash

# powerloss_one LOG ARGUMENT...: one run of the program, counted as one test.
powerloss_one() {
    local log=$1
    shift
    if build/release/tests/powerloss/powerloss "$@" >"$log" 2>&1; then
        counted 1 0
    else
        counted 0 1
    fi
}

# powerloss_many LOG SEED POINTS SECONDS: as the store is opened, from a seed on.
powerloss_many() {
    powerloss_one "$1" --seed "$2" --points "$3" --seconds "$4"
}

# The controls, which must be seen to fail, and the seeds that did.
powerloss_known() {
    local dir=$1 seed
    powerloss_one "$dir/normal" --sync normal --points 1000
    powerloss_one "$dir/off" --sync off --points 1000
    while read -r seed _; do
        if [[ $seed =~ ^[0-9]+$ ]]; then
            powerloss_one "$dir/seed-$seed" --seed "$seed"
        fi
    done <tests/powerloss/seeds
}

# powerloss POINTS SECONDS: at least so many crash points in all, and at least so long, on
# two cores; too few after three times the seconds is a failure (0: however long).
powerloss() {
    local points=$1 seconds=$2 first dir log
    build_preset release powerloss
    dir=$(part_file runs)
    mkdir -p "$dir"
    first=${OMGW_SEED:-$(date +%s)}
    powerloss_many "$dir/full-1" "$first" $((points / 2)) "$seconds" &
    powerloss_known "$dir"
    powerloss_many "$dir/full-2" $((first + 1000000)) $((points / 2)) "$seconds"
    wait
    for log in "$dir"/*; do
        cat "$log"
    done
    note "$(cat "$dir"/full-* | awk '/crash points in/ { for (i = 1; i < NF; i++)
        if ($(i + 1) == "crash") sum += $i } END { print sum + 0 }') crash points of at least $points, seed $first"
}
