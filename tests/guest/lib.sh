# Sourced by the scripts beside it. Everything that is fetched or made goes below $GUEST_CACHE.
set -euo pipefail
export LC_ALL=C.UTF-8
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
GUEST_CACHE=${GUEST_CACHE:-${TMPDIR:-/var/tmp}/atomic-write-guests}
export GUEST_CACHE
mkdir -p "$GUEST_CACHE"

# mirror main|security: the mirror that this machine's own apt uses for Debian's suites, or for their security updates.
mirror() {
    local kind=$1 uris
    uris=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E 'debian(-security)?/?$' | sort -u)
    if [[ $kind == security ]]; then
        grep -i security <<<"$uris" | head -1
    else
        grep -vi security <<<"$uris" | head -1
    fi
}

# private_apt SUITE: sets the array `apt_options`, with which apt knows this suite and nothing of this machine's packages.
private_apt() {
    local suite=$1 kind=main uri
    local base=$GUEST_CACHE/apt-$suite
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [[ $suite == *-security ]]; then
        kind=security
    fi
    uri=$(mirror "$kind")
    mkdir -p "$base/state/lists/partial" "$base/cache/archives/partial"
    : >"$base/status"
    echo "deb [check-valid-until=no signed-by=$keyring] $uri $suite main" >"$base/sources.list"
    apt_options=(
        -qq
        -o Acquire::Retries=5
        -o APT::Sandbox::User=root
        -o Dir::State="$base/state"
        -o Dir::State::status="$base/status"
        -o Dir::Cache="$base/cache"
        -o Dir::Etc::sourcelist="$base/sources.list"
        -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::main=/dev/null
        -o Dir::Etc::preferences=/dev/null
        -o Dir::Etc::preferencesparts=/dev/null
        -o Acquire::Languages=none
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
        -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
    )
    if [[ ! -e $base/updated ]]; then
        apt-get "${apt_options[@]}" update
        touch "$base/updated"
    fi
}

# image_of FOLDER IMAGE SPARE: an ext4 image with the content of FOLDER and SPARE MiB more than it needs.
image_of() {
    local folder=$1 image=$2 spare=$3 size
    size=$(du -sm "$folder" | cut -f1)
    rm -f "$image.new"
    truncate -s "$((size * 5 / 4 + spare))M" "$image.new"
    mke2fs -q -F -t ext4 -O ^has_journal -d "$folder" "$image.new"
    mv "$image.new" "$image"
}

# kernels: the folders of the kernels in the cache, oldest first.
kernels() {
    find "$GUEST_CACHE" -maxdepth 2 -path '*/kernel-*/initrd.gz' -printf '%h\n' | sort -V
}
