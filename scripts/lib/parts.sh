# A run in parts: each is timed, logged and counted; a failing one never ends the run.
# shellcheck shell=bash disable=SC2034 # part_passed is for scripts/test
#
# A part is a command, usually a function of the sourcing script, that runs under
# `set -e` in a subshell. It may say how many tests it held with `counted`; otherwise it
# counts as one test. What it gives to `note` stands in its row of the table.

logs=build/test
rm -rf "$logs"
mkdir -p "$logs"
touch "$logs/started"

rows=()
total_passed=0
total_failed=0
current_part=
part_passed=false
has_summary=

part_file() {
    local name=${current_part//, /-}
    printf '%s/%s.%s\n' "$logs" "${name// /-}" "$1"
}

# counted PASSED FAILED: adds to the tests of this part.
counted() {
    printf '%d %d\n' "$1" "$2" >>"$(part_file count)"
}

note() {
    printf '%s\n' "$*" >>"$(part_file note)"
}

add_row() {
    local result=$1 passed=$2 failed=$3 seconds=$4 notes=$5
    rows+=("$(printf '%-24s %-7s %6d %6d %6d s  %s' "$current_part" "$result" "$passed" \
        "$failed" "$seconds" "$notes")")
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
}

# part NAME COMMAND...: runs it and tells in part_passed. Never call it where bash ignores
# `set -e` (after `if`, before `||`): the part would go on behind a failing command.
part() {
    local begin=$SECONDS status passed=0 failed=0 notes=
    current_part=$1
    shift
    printf '== %s\n' "$current_part"
    set +e
    (
        set -e
        "$@"
    ) >"$(part_file log)" 2>&1
    status=$?
    set -e

    if [[ -e $(part_file count) ]]; then
        read -r passed failed < <(awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }' \
            "$(part_file count)")
    elif ((status == 0)); then
        passed=1
    fi
    if ((status != 0 && failed == 0)); then
        failed=1
    fi
    if [[ -e $(part_file note) ]]; then
        notes=$(paste -sd';' "$(part_file note)")
    fi
    if ((failed == 0)); then
        part_passed=true
        add_row ok "$passed" 0 $((SECONDS - begin)) "$notes"
    else
        part_passed=false
        tail -n 60 "$(part_file log)"
        printf '== %s FAILED, all of it: %s\n' "$current_part" "$(part_file log)"
        add_row FAILED "$passed" "$failed" $((SECONDS - begin)) "$notes"
    fi
    current_part=
}

# part_skipped NAME REASON: for a part whose input does not exist.
part_skipped() {
    current_part=$1
    printf '== %s: skipped, %s\n' "$1" "$2"
    add_row skipped 0 0 0 "$2"
    current_part=
}

# part_lost NAME REASON: for a part that cannot run because one before it failed.
part_lost() {
    current_part=$1
    printf '== %s: not run, %s\n' "$1" "$2"
    add_row FAILED 0 1 0 "not run: $2"
    current_part=
}

# The table and, last, the line of totals; true when nothing failed.
parts_summary() {
    has_summary=yes
    printf '\n%-24s %-7s %6s %6s %8s\n' part result passed failed time
    printf '%s\n' "${rows[@]}"
    printf 'total time %d s\n' "$SECONDS"
    printf '%d passed, %d failed\n' "$total_passed" "$total_failed"
    ((total_failed == 0))
}

# An end without a summary is a bug or a signal: it must not look like success.
parts_end() {
    local status=$?
    if [[ ! $has_summary ]]; then
        printf '\nended early%s with status %d\n' "${current_part:+ in the part $current_part}" \
            "$status"
        total_failed=$((total_failed + 1))
        parts_summary || exit $((status == 0 ? 1 : status))
    fi
}
trap parts_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
