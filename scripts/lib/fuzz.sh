# The fuzz targets: tests/fuzz/fuzz_NAME.c with its corpus in tests/fuzz/corpus/NAME.
# Sourced after common.sh, parts.sh and checks.sh.
# shellcheck shell=bash

# What runs at a time.
fuzz_jobs=2

fuzz_names() {
    find tests/fuzz -name 'fuzz_*.c' -exec basename {} .c ';' | sed 's/^fuzz_//' | sort
}

# The seconds of one target when all of them share these.
fuzz_share() {
    local seconds=$1 count
    count=$(fuzz_names | wc -l)
    printf '%d\n' $(((seconds * fuzz_jobs + count - 1) / count))
}

# fuzz_each COMMAND ARGUMENT...: runs it with each name behind, some at a time; prints what
# each said in one piece and counts it.
fuzz_each() {
    local dir name
    dir=$(part_file each)
    mkdir -p "$dir"
    # shellcheck disable=SC2016 # for the inner shell
    fuzz_names | xargs -P "$fuzz_jobs" -I NAME bash -c \
        'name=$1 dir=$2; shift 2; if "$@" "$name" >"$dir/$name.log" 2>&1; then : >"$dir/$name.ok"; fi' \
        each NAME "$dir" "$@"
    for name in $(fuzz_names); do
        if [[ -e $dir/$name.ok ]]; then
            counted 1 0
            grep -E '^(fuzz_|Done|stat::number_of_executed)' "$dir/$name.log" || true
        else
            counted 0 1
            echo "== fuzz_$name FAILED, all of it: $dir/$name.log"
            tail -n 40 "$dir/$name.log"
        fi
    done
}

# Everyday: the corpora and what small changes make of them, in the asan build.
fuzz_replay_one() {
    "build/asan/tests/fuzz_$3" --seconds "$1" --least "$2" "tests/fuzz/corpus/$3"
}

# fuzz_replay SECONDS: all targets share them. Each must reach 100 changed inputs.
fuzz_replay() {
    export -f fuzz_replay_one
    fuzz_each fuzz_replay_one "$(fuzz_share "$1")" 100
    note "$(cat "$(part_file each)"/*.log | awk '/changed ones/ { n += $4 } END { print n + 0 }') inputs"
}

# Under libFuzzer, from the corpus and what earlier runs of this machine found.
fuzz_explore_one() {
    local seconds=$1 name=$2 work=build/fuzz/corpus/$2 options=()
    # Those two keep what they made from one input to the next, which looks like a leak.
    if [[ $name == emulator || $name == http ]]; then
        options=(-detect_leaks=0)
    fi
    mkdir -p "$work"
    "build/fuzz/tests/fuzz_$name" -max_total_time="$seconds" -rss_limit_mb=2048 \
        "${options[@]}" -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" \
        "$work" "tests/fuzz/corpus/$name"
}

# fuzz_explore SECONDS: each target that long.
fuzz_explore() {
    local targets
    mapfile -t targets < <(fuzz_names | sed 's/^/fuzz_/')
    build_part fuzz "${targets[@]}"
    export -f fuzz_explore_one
    fuzz_each fuzz_explore_one "$1"
    note "$(cat "$(part_file each)"/*.log | awk '/^stat::number_of_executed_units/ { n += $2 }
        END { print n + 0 }') inputs"
}
