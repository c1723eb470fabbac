# Sourced by ./run and ./test: installs missing packages and builds. Needs `root` set to the project's folder.
# Everything said here goes to stderr, so that the output of the program stays its own.

# The packages of tools/packages.txt that dpkg does not know as installed. A node from elsewhere serves as well as Debian's.
missing_packages() {
    local wanted installed
    wanted="$(grep -v '^#' "$root/tools/packages.txt" | sort -u)"
    if command -v node > /dev/null && command -v npm > /dev/null; then
        wanted="$(printf '%s\n' "$wanted" | grep -vx -e nodejs -e npm)"
    fi
    # shellcheck disable=SC2086
    installed="$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' | sort -u)"
    comm -23 <(printf '%s\n' "$wanted") <(printf '%s\n' "$installed")
}

install_missing() {
    # One answer per list of packages: the mark carries the list's checksum.
    local mark
    mark="$root/build/packages.$(cksum < "$root/tools/packages.txt" | cut -d ' ' -f 1)"
    [ -e "$mark" ] && return 0
    if ! command -v dpkg-query > /dev/null; then
        echo "yipan: this is not Debian; install by hand what tools/packages.txt names" >&2
        return 0
    fi
    local missing become=""
    missing="$(missing_packages)"
    if [ -n "$missing" ]; then
        if [ "$(id -u)" -ne 0 ]; then
            become="sudo"
            if ! command -v sudo > /dev/null; then
                echo "yipan: these packages are missing; install them as root, then run this again:" >&2
                echo "  apt-get install --no-install-recommends" $missing >&2
                exit 1
            fi
        fi
        echo "yipan: installing" $missing >&2
        # shellcheck disable=SC2086
        { $become apt-get update && DEBIAN_FRONTEND=noninteractive $become apt-get install -y --no-install-recommends $missing; } >&2 < /dev/null || {
            echo "yipan: apt-get could not install the packages above" >&2
            exit 1
        }
    fi
    mkdir -p "$root/build" && touch "$mark"
}

# The page: built when node is there and something below web/ changed; the binary embeds web/dist. Without node the program has no page
# but does all else. A lock file of npm decides which packages; the time for the network is bounded.
build_page() {
    local folder="$root/web" mark log="$root/build/web.log" now
    command -v node > /dev/null && command -v npm > /dev/null || return 0
    mark="$folder/node_modules/.dist_made_from"
    now="$(cd "$folder" && find . \( -name node_modules -o -name dist -o -name tests -o -name shots \) -prune -o -type f -print0 | sort -z | xargs -0 cksum | cksum)"
    [ ! -e "$folder/dist/index.html" ] || [ "$(cat "$mark" 2> /dev/null)" != "$now" ] || return 0
    echo "yipan: building the page (log: build/web.log)" >&2
    if (cd "$folder" && { cmp -s package-lock.json node_modules/.lock_of_this || { timeout 240 npm ci --no-audit --no-fund && cp package-lock.json node_modules/.lock_of_this; }; } &&
        timeout 240 npm run --silent build) > "$log" 2>&1 < /dev/null; then
        printf '%s\n' "$now" > "$mark"
    else
        tail -n 20 "$log" >&2
        echo "yipan: the page could not be built; the program is built without a new one" >&2
    fi
}

# build TARGET...: configures once, builds what changed; quiet unless it fails or has much to do on a terminal.
build() {
    install_missing
    local folder="$root/build/release" log="$root/build/build.log"
    mkdir -p "$root/build"
    # Two builds at once would tear each other's files.
    exec 8> "$root/build/lock"
    flock 8
    build_page
    if [ ! -e "$folder/build.ninja" ]; then
        echo "yipan: configuring" >&2
        (cd "$root" && cmake --preset release) > "$log" 2>&1 < /dev/null || { cat "$log" >&2; exit 1; }
    fi
    # A dry run tells how much there is to do, so that a long build does not look like a hang.
    local steps status=0
    steps="$(ninja -C "$folder" -n "$@" 2> /dev/null | grep '^\[[0-9]' | grep -vc 'Re-checking' || true)"
    [ "$steps" = 0 ] || echo "yipan: building (log: build/build.log)" >&2
    if [ "$steps" != 0 ] && [ -t 2 ]; then
        set +o pipefail
        ninja -C "$folder" "$@" 2>&1 < /dev/null | tee "$log" | sed -un 's/^\(\[[0-9/]*\]\).*/\1/p' |
            while IFS= read -r step; do printf '\r%s ' "$step" >&2; done
        status=${PIPESTATUS[0]}
        set -o pipefail
        printf '\r\033[K' >&2
    else
        ninja -C "$folder" "$@" > "$log" 2>&1 < /dev/null || status=$?
    fi
    [ "$status" -eq 0 ] || { grep -v '^\[[0-9]' "$log" >&2; echo "yipan: the build failed" >&2; exit 1; }
    flock -u 8
    exec 8>&-
}
