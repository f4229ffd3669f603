# What scripts/bench and scripts/instructions share. Sourced after common.sh, by scripts that
# have set bin (a build with the bench's programs) and dir (a folder on a real disk).
# shellcheck shell=bash

pids=()
cleanup_bench() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "${dir:?}"
}

# gateway_config FILE PUBLIC ADMIN PEER DATABASE [STATUSES]: a gateway for load; everything
# else as it is by default.
gateway_config() {
    cat >"$1" <<END
public_url: http://$2
listen: { public: "$2", admin: "$3" }
database: "sqlite:$5"
media_dir: "$dir"
log: { level: warn, format: json }
limits: { max_pending: 100000000 }
genesys:
  - { name: main, api_url: "http://$4", login_url: "http://$4", client_id: a,
      client_secret: b, requests_per_minute: 0 }
bridges:
  - name: acme
    channel: partner
    genesys: main
    integration_id: 5a1d3a52-0000-4000-8000-000000000002
    genesys_secrets: [ { value: a-genesys-signing-secret } ]
    partner:
      callback_url: "http://$4/partner"
      statuses: ${6:-failed}
      secrets: [ { value: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" } ]
END
}

# start_stub: sets stub_pid and peer, its address.
start_stub() {
    peer=127.0.0.1:$(free_port)
    "${bin:?}/tests/bench/bench-stub" --listen "$peer" --count "$dir/count" >"$dir/stub.json" &
    stub_pid=$!
    pids+=("$stub_pid")
    wait_for "the stub" "exec 3<>/dev/tcp/${peer/://}" /dev/null
}

# stop PID: and waits for what it says at its end.
stop() {
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# stub_has NUMBER: whether so many messages have arrived.
stub_has() {
    rm -f "$dir/count"
    kill -USR1 "$stub_pid"
    wait_for "the stub's count" "test -e '$dir/count'" /dev/null
    (($(cat "$dir/count") >= $1))
}
