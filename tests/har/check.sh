#!/bin/sh
# Usage: check.sh FILE.har...
# Reads each file with three programs nobody here wrote: har-validator, haralyzer and mitmproxy. They are installed on
# first use, under target/har-tools.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
HAR_TOOLS=${HAR_TOOLS:-$here/../../target/har-tools}
mkdir -p "$HAR_TOOLS"
HAR_TOOLS=$(cd "$HAR_TOOLS" && pwd)
export HAR_TOOLS

# Installed completely, and for what is asked for today.
cat "$here"/package-lock.json "$here"/requirements-*.txt > "$HAR_TOOLS/wanted"
if ! cmp -s "$HAR_TOOLS/wanted" "$HAR_TOOLS/installed"; then
    mkdir -p "$HAR_TOOLS/npm"
    cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$HAR_TOOLS/npm/"
    (cd "$HAR_TOOLS/npm" && npm ci --silent >&2)
    for tool in haralyzer mitmproxy; do
        python3 -m venv --clear "$HAR_TOOLS/$tool"
        "$HAR_TOOLS/$tool/bin/pip" install --quiet --disable-pip-version-check \
            --requirement "$here/requirements-$tool.txt" >&2
    done
    mv "$HAR_TOOLS/wanted" "$HAR_TOOLS/installed"
fi

node "$here/check.mjs" "$@"
"$HAR_TOOLS/haralyzer/bin/python" "$here/check.py" "$@"
for file in "$@"; do
    expected=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).log.entries.length' "$file")
    HAR_FLOWS=$(mktemp)
    export HAR_FLOWS
    said=$("$HAR_TOOLS/mitmproxy/bin/mitmdump" --set confdir="$HAR_TOOLS/mitmproxy-settings" \
        --set termlog_verbosity=warn -q -n -r "$file" -s "$here/replay.py" 2>&1) || { echo "mitmproxy: $file: $said" >&2; exit 1; }
    read=$(cat "$HAR_FLOWS")
    rm -f "$HAR_FLOWS"
    if [ "$read" != "$expected" ] || [ -n "$said" ]; then
        echo "mitmproxy: $file: read $read of $expected entries; $said" >&2
        exit 1
    fi
    echo "$file: $expected entries, read by all three"
done
