# What the checks share. Sourced, with the arguments of the check: [ROOT].
# shellcheck shell=bash
#
# A check prints one line for each offence, "path:line: what is wrong", and ends with
# `finish`, which exits 1 when there was any. ROOT is the tree to look at; by default the
# one this file stands in.

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${1:-$here/../..}"

offences=0

offend() {
    printf '%s\n' "$*"
    offences=$((offences + 1))
}

# offend_each WHY COMMAND...: for each line that the command prints, "path:line:code",
# offends with "path:line: why". The command may find nothing, but not fail otherwise.
offend_each() {
    local why=$1 found path line
    shift
    found=$("$@") || { [[ $? == 1 ]] || exit 2; }
    while IFS=: read -r path line _; do
        if [[ -n $path ]]; then
            offend "$path:$line: $why"
        fi
    done <<<"$found"
}

finish() {
    if ((offences > 0)); then
        printf '%s: %d offences\n' "$(basename "$0")" "$offences"
        exit 1
    fi
    printf '%s: nothing found\n' "$(basename "$0")"
}

# The C files below the given folders that exist.
c_files() {
    local folder
    for folder in "$@"; do
        if [[ -d $folder ]]; then
            find "$folder" -name '*.[ch]' | sort
        fi
    done
}

# The files as "path:line:code": without comments, with empty string literals.
code_of() {
    awk '
        FNR == 1 { in_comment = 0 }
        {
            rest = $0
            out = ""
            while (rest != "") {
                if (in_comment) {
                    at = index(rest, "*/")
                    if (at == 0)
                        break
                    rest = substr(rest, at + 2)
                    in_comment = 0
                    continue
                }
                if (!match(rest, /"|\047|\/\*/)) {
                    out = out rest
                    break
                }
                out = out substr(rest, 1, RSTART - 1)
                token = substr(rest, RSTART, RLENGTH)
                rest = substr(rest, RSTART + RLENGTH)
                if (token == "/*") {
                    in_comment = 1
                    continue
                }
                out = out token token
                while (match(rest, /\\.|"|\047/)) {
                    found = substr(rest, RSTART, RLENGTH)
                    rest = substr(rest, RSTART + RLENGTH)
                    if (found == token)
                        break
                }
            }
            if (out ~ /[^ \t]/)
                print FILENAME ":" FNR ":" out
        }' /dev/null "$@"
}

# code_of for everything that is compiled into the programs.
gateway_code() {
    local files
    mapfile -t files < <(c_files src include)
    code_of "${files[@]}"
}
