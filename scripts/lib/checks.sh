# The parts of scripts/test. Sourced after common.sh and parts.sh.
# shellcheck shell=bash

jobs=$(nproc)

build_part() {
    build_preset "$@" 2>&1 | tee "$(part_file build)"
    note "$(grep -o '[0-9]* objects compiled' "$(part_file build)")"
}

# Counts the tests in the verbose log of a ctest run: those of cmocka programs one by one,
# other programs, and programs that end badly though their tests passed, as one.
count_ctest() {
    awk '
        /^[0-9]+: \[  PASSED  \] [0-9]+ test/ { passed[$1] += $5 }
        /^[0-9]+: \[  FAILED  \] [0-9]+ test\(s\), listed/ { failed[$1] += $5 }
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
            id = $0
            sub(/^.*Test +#/, "", id)
            sub(/:.*/, ":", id)
            if ($0 ~ /   Passed  /)
                passed[id] += passed[id] == 0
            else
                failed[id] += failed[id] == 0
        }
        END {
            for (id in passed)
                p += passed[id]
            for (id in failed)
                f += failed[id]
            print p + 0, f + 0
        }' "$1"
}

# The output of the programs that failed in the verbose log of a ctest run.
failed_output() {
    awk '
        NR == FNR {
            if (/Test +#[0-9]+: / && !/   Passed  /) {
                sub(/^.*Test +#/, "")
                sub(/:.*/, ":")
                is_bad[$0] = 1
            }
            next
        }
        $1 in is_bad' "$1" "$1"
    sed -n '/The following tests FAILED/,$p' "$1"
}

# run_ctest PRESET [OPTION...]: the tests of that build.
run_ctest() {
    local preset=$1 log passed failed status=0
    shift
    log=$(part_file ctest)
    # The thread sanitizer needs a fixed address space on kernels that randomise a lot.
    setarch "$(uname -m)" -R ctest --test-dir "build/$preset" -V -j "$jobs" "$@" \
        >"$log" 2>&1 || status=$?
    read -r passed failed < <(count_ctest "$log")
    counted "$passed" "$failed"
    if ((status != 0 || passed == 0)); then
        failed_output "$log"
        return 1
    fi
}

# The tests for Node.js below a folder.
node_tests() {
    find "$1" -name node_modules -prune -o -name '*.test.mjs' -print | sort
}

# A folder of scenarios has a program `run`, or tests for Node.js.
has_scenarios() {
    [[ -x $1/run || -n $(node_tests "$1") ]]
}

# What the tests for Node.js in a folder import, unless it is there as the lock file says.
install_node_packages() {
    local folder=$1
    if [[ $folder/package-lock.json -nt $folder/node_modules/.package-lock.json ]]; then
        npm ci --prefix "$folder" --no-audit --no-fund
    fi
}

# The totals of a log in TAP as a line "N passed, M failed". One without totals was cut short:
# its tests are counted, and the end as one that failed.
count_tap() {
    awk '
        /^# pass / { passed = $3; has_totals = 1 }
        /^# fail / { failed = $3 }
        /^# cancelled / { failed += $3 }
        /^ok / { ok++ }
        /^not ok / { not_ok++ }
        END {
            if (!has_totals) {
                print "the run was cut short"
                passed = ok
                failed = not_ok + 1
            }
            printf "%d passed, %d failed\n", passed, failed
        }' "$1"
}

# run_scenarios FOLDER PRESET: against the programs in build/PRESET. `run` gets --full in a
# full run and ends with the line "N passed, M failed".
run_scenarios() {
    local folder=$1 preset=$2 log options=() tests status=0 passed failed
    log=$(part_file scenarios)
    export OMGW_BUILD=$PWD/build/$preset
    # What the processes of the tests write stays there for check_canaries.
    OMGW_LEFT=$PWD/$logs/left/$(basename "$log" .scenarios)
    export OMGW_LEFT
    if [[ -x $folder/run ]]; then
        # shellcheck disable=SC2154 # scripts/test sets it
        if $full; then
            options=(--full)
        fi
        "$folder/run" "${options[@]}" 2>&1 | tee "$log" || status=$?
    else
        install_node_packages "$folder"
        if $full && [[ $preset == release ]]; then # once, and where it takes least
            export OMGW_KILLS=${OMGW_KILLS:-50} OMGW_STORED=${OMGW_STORED:-200000}
        fi
        mapfile -t tests < <(node_tests "$folder")
        # What hangs is ended and counted, instead of keeping the others waiting.
        timeout --kill-after=10 1500 \
            node --test --test-concurrency=2 --test-reporter=tap "${tests[@]}" 2>&1 | tee "$log" || status=$?
        count_tap "$log" | tee -a "$log"
    fi
    if ! read -r passed failed < <(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed.*/\1 \2/p' \
        "$log" | tail -n 1); then
        echo "$folder did not say how many tests passed"
        return 1
    fi
    counted "$passed" "$failed"
    return "$status"
}

# P8 at its full size: ready in a second with a million messages.
million_stored() {
    local log
    log=$(part_file scenarios)
    OMGW_BUILD=$PWD/build/release OMGW_STORED=1000000 OMGW_STORED_KILLS=10 \
        node --test --test-reporter=tap tests/flow/stored.test.mjs 2>&1 | tee "$log"
    note "$(sed -nE 's/^# accepted.*ready/ready/p' "$log")"
}

# The tests that start threads, or all of them, under the thread sanitizer.
test_threads() {
    local targets select=(-L threads)
    if $full; then
        select=(-LE style)
    fi
    cmake --preset tsan >/dev/null
    mapfile -t targets < <(ctest --test-dir build/tsan -N "${select[@]}" |
        sed -nE 's/^ *Test +#[0-9]+: //p')
    build_part tsan "${targets[@]}"
    run_ctest tsan "${select[@]}"
}

# Line coverage of each room under the unit and contract tests.
measure_coverage() {
    build_part coverage
    find build/coverage -name '*.gcda' -delete
    run_ctest coverage -LE style
    # One by one: given several files, gcov miscounts those that never ran.
    find build/coverage -path '*/src/*' -name '*.gcno' -exec gcov -n {} ';' 2>/dev/null | awk '
        /^File / { file = $2 }
        /^Lines executed:/ && match(file, /\/src\/[a-z]+\/[a-z0-9_]+\.c/) {
            room = substr(file, RSTART + 5)
            sub(/\/.*/, "", room)
            split($2, percent, ":")
            hit[room] += percent[2] * $4 / 100
            lines[room] += $4
        }
        /^Lines executed:/ { file = "" }
        END {
            for (room in lines) {
                printf "%-12s %5.1f %% of %5d lines\n", room, 100 * hit[room] / lines[room], \
                    lines[room]
                all_hit += hit[room]
                all += lines[room]
            }
            printf "%-12s %5.1f %% of %5d lines\n", "total", 100 * all_hit / all, all
        }' | sort | tee "$(part_file table)"
    note "$(awk '$1 == "total" { print $2 " % of lines" }' "$(part_file table)")"
}

all_files() {
    git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r file; do
        if [[ -e $file ]]; then
            printf '%s\n' "$file"
        fi
    done
}

check_format() {
    all_files '*.c' '*.h' | xargs -n 16 -P "$jobs" clang-format --dry-run --Werror
}

# What changed against the main line, or in the last commit when that is the main line.
changed_files() {
    local base
    base=$(git merge-base HEAD origin/main 2>/dev/null || true)
    if [[ -z $base || $base == $(git rev-parse HEAD) ]]; then
        base=$(git rev-parse -q --verify HEAD~1 || git rev-parse HEAD)
    fi
    git diff --name-only "$base" -- "$@"
    git ls-files --others --exclude-standard -- "$@"
}

check_tidy() {
    local files
    if $full; then
        mapfile -t files < <(all_files 'src/*.c' 'tests/*.c')
    else
        mapfile -t files < <(changed_files 'src/*.c' 'tests/*.c')
    fi
    cmake --preset clang >/dev/null
    note "${#files[@]} files"
    printf '%s\n' "${files[@]}" | xargs -r -n 4 -P "$jobs" clang-tidy -p build/clang --quiet
}

check_cppcheck() {
    mkdir -p build/cppcheck
    cppcheck --quiet -j "$jobs" --cppcheck-build-dir=build/cppcheck --std=c11 \
        --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
        --suppress=missingIncludeSystem --library=scripts/lib/cppcheck.xml \
        -Iinclude -D_GNU_SOURCE src
}

# Everything that was written until now, and core files: of all parts, so the last one.
check_canaries() {
    node --test tests/canaries/scan.test.mjs
    node tests/canaries/scan.mjs "$logs" . "${TMPDIR:-/tmp}" /var/tmp | tee "$(part_file scan)"
    note "$(tail -n 1 "$(part_file scan)")"
}

# The alert rules and the dashboard, by Prometheus' own tool.
check_alerts() {
    if ! command -v dpkg >/dev/null; then
        note 'skipped: not a Debian system, so no promtool'
        counted 0 0
        return 0
    fi
    tests/docs/alerts "$(debian_tool prometheus usr/bin/promtool)"
}

check_scripts() {
    local scripts
    mapfile -t scripts < <(all_files scripts docker tests/style tests/docs tests/guard tests/image .ci | xargs grep -lE '^#!.*(ba)?sh$')
    shellcheck -x "${scripts[@]}"
    note "${#scripts[@]} scripts"
}
