# What the scripts share. Sourced, from the root of the repository.
# shellcheck shell=bash

build_packages=(ca-certificates ccache cmake gcc git libc6-dev libcjson-dev
    libcurl4-openssl-dev libmicrohttpd-dev libsqlite3-dev libssl-dev libutf8proc-dev libyaml-dev ninja-build
    openssl curl jq pkg-config uthash-dev)
test_packages=(bubblewrap clang clang-format clang-tidy cppcheck faketime fish groff-base
    iproute2 libclang-rt-14-dev libcmocka-dev libjansson-dev man-db mandoc nftables shellcheck
    sqlite3 util-linux valgrind zsh)
browser_packages=(chromium fonts-inter)
image_packages=(binutils bubblewrap caddy nginx-light strace systemd util-linux)
PATH=$PWD/build/tools/node/node_modules/.bin:$PATH

say() {
    printf '%s\n' "$*" >&2
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo "$@"
    fi
}

# missing_packages PACKAGE...: those that are not installed.
missing_packages() {
    local package
    for package in "$@"; do
        if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q ' installed$'; then
            printf '%s\n' "$package"
        fi
    done
}

# Debian 12 has Node.js 18; other people's packages that the tests use want 20.
has_node() {
    [[ $(node --version 2>/dev/null) =~ ^v([0-9]+) ]] && ((BASH_REMATCH[1] >= 20))
}

# A Node.js of our own in build/tools, which PATH finds first; the system's stays as it is.
install_node() {
    mkdir -p build/tools/node
    cp scripts/node/package*.json build/tools/node
    npm ci --prefix build/tools/node --no-audit --no-fund >/dev/null
    hash -r
    has_node || { say "npm brought no Node.js for $(uname -m): install 20 or newer"; return 1; }
}

# install_packages build|test|browser|image...: installs what is missing of these sets, with
# Node.js for tests unless there is one that is new enough.
install_packages() {
    local wanted=() missing=() set
    for set in "$@"; do
        case $set in
        build) wanted+=("${build_packages[@]}") ;;
        test) wanted+=("${test_packages[@]}") ;;
        browser) wanted+=("${browser_packages[@]}") ;;
        image) wanted+=("${image_packages[@]}") ;;
        *)
            say "install_packages: no set is called $set"
            return 64
            ;;
        esac
    done
    if ! command -v dpkg-query >/dev/null; then
        say "not a Debian system: please install the likes of ${wanted[*]}"
        return 0
    fi
    mapfile -t missing < <(missing_packages "${wanted[@]}")
    if [[ " $* " == *' test '* ]] && ! command -v npm >/dev/null; then
        missing+=(nodejs npm)
    fi
    if ((${#missing[@]} > 0)); then
        say "installing ${missing[*]}"
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
            --no-install-recommends "${missing[@]}" >/dev/null
    fi
    if [[ " $* " == *' test '* ]] && ! has_node; then
        install_node
    fi
}

# debian_tool PACKAGE FILE: prints where that file of the package is, which is unpacked below
# build/tools and not installed: installing may start services.
debian_tool() {
    local folder=build/tools/$1
    if [[ ! -x $folder/$2 ]]; then
        mkdir -p "$folder"
        (
            cd "$folder" || return
            apt-get download -qq "$1" || { as_root apt-get update -qq && apt-get download -qq "$1"; }
            dpkg --fsys-tarfile "$1"_*.deb | tar -x "./$2"
            rm "$1"_*.deb
        ) >&2
    fi
    printf '%s\n' "$PWD/$folder/$2"
}

# build_preset PRESET [TARGET...]: configures and builds it in build/PRESET; says how many
# objects were compiled.
build_preset() {
    local preset=$1 log
    shift
    log=build/$preset.log
    mkdir -p build
    if ! { cmake --preset "$preset" &&
        cmake --build --preset "$preset" ${1:+--target "$@"} -- -k 0; } >"$log" 2>&1; then
        grep -E -A4 'error:|CMake Error|undefined reference' "$log" | head -n 80 >&2 ||
            tail -n 40 "$log" >&2
        say "the build of the preset $preset failed; all of it: $log"
        return 1
    fi
    say "preset $preset: $(grep -c '^\[.*Building C object' "$log" || true) objects compiled"
}

# A TCP port of 127.0.0.1 on which nobody listens.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            printf '%s\n' "$port"
            return
        fi
    done
}

# wait_for WHAT COMMAND LOG: until the shell command succeeds; after 15 s shows the log.
wait_for() {
    local what=$1 command=$2 log=$3 tries
    for ((tries = 0; tries < 300; tries++)); do
        if (eval "$command") >/dev/null 2>&1; then
            return
        fi
        read -r -t 0.05 <> <(:) || true # a pause without a process
    done
    say "waited in vain for $what; the end of its log:"
    tail -n 20 "$log" >&2
    return 1
}
