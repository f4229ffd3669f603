#!/usr/bin/env bash
# The file system of an image: the programs, the shared libraries they load, certificates,
# an account, empty places for what is mounted, and nothing else: no shell, no packages. The
# Dockerfile and scripts/image both call this, so that what is tested is what is shipped.
#
#   docker/files.sh DEST PROGRAM...    # as root, on Debian
set -euo pipefail
if (($# < 2)); then
    echo "usage: docker/files.sh DEST PROGRAM..." >&2
    exit 64
fi
dest=$1
shift
owner=65532 # as in distroless images; no account of the host
license=$(cd "$(dirname "$0")/.." && pwd)/LICENSE

# Debian joins /lib and /usr/lib; which of the two a package names is its own affair.
package_of() {
    local file=${1#/usr}
    { dpkg-query -S "$file" "/usr$file" 2>/dev/null || true; } | sed -n '1s/:.*//p'
}

# add_library FILE: the library under the name by which it is loaded, its licence, and what
# scanners of images read: the entry of its package.
add_library() {
    local file=$1 package
    install -D -m 755 "$file" "$dest/usr${file#/usr}"
    package=$(package_of "$file")
    if [[ -z $package ]]; then
        echo "no package has $file" >&2
        return 1
    fi
    add_package "$package"
}

add_package() {
    install -D -m 644 "/usr/share/doc/$1/copyright" "$dest/usr/share/doc/$1/copyright"
    dpkg-query -s "$1" >"$dest/var/lib/dpkg/status.d/$1"
}

install -d "$dest"/{dev,etc/omgw,proc,run/secrets,sys,usr/bin,usr/lib,usr/lib64} \
    "$dest/var/lib/dpkg/status.d"
ln -sfn usr/lib "$dest/lib"
ln -sfn usr/lib64 "$dest/lib64"
install -d -m 1777 "$dest/tmp"
install -d -m 700 -o "$owner" -g "$owner" "$dest"/{run,var/lib}/omgw

for program in "$@"; do
    strip -o "$dest/usr/bin/$(basename "$program")" "$program"
done
# "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)", and the loader without an arrow.
mapfile -t libraries < <(ldd "$@" | grep -o ' */[^ ]* (' | tr -d ' (' | sort -u)
for library in "${libraries[@]}"; do
    add_library "$library"
done

install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$dest/etc/ssl/certs/ca-certificates.crt"
add_package ca-certificates
install -D -m 644 "$license" "$dest/usr/share/doc/omgw/copyright"
echo "omgw:x:$owner:$owner:omgw:/var/lib/omgw:/nonexistent" >"$dest/etc/passwd"
echo "omgw:x:$owner:" >"$dest/etc/group"
echo "hosts: files dns" >"$dest/etc/nsswitch.conf"
