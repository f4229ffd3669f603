# Failing allocations and calls: tests/torture. Sourced after common.sh, parts.sh and
# checks.sh.
# shellcheck shell=bash

# torture_sample MINIMUM SECONDS: a sample by the seed, at least so many and so long.
torture_sample() {
    local minimum=$1 seconds=$2 seed=${OMGW_SEED:-$(date +%s)} log
    build_preset release torture
    log=$(part_file said)
    build/release/tests/torture/torture --sample --seed "$seed" --seconds "$seconds" \
        --minimum "$minimum" | tee "$log"
    note "$(grep -o '[0-9]* injections' "$log") of at least $minimum, seed $seed"
}

# torture_all: each allocation and call of each scenario.
torture_all() {
    local log
    build_preset release torture
    log=$(part_file said)
    build/release/tests/torture/torture | tee "$log"
    note "$(grep -o '[0-9]* injections' "$log")"
}
