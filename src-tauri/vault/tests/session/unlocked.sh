#!/bin/sh
# Runs a command with an unlocked gnome-keyring on the session bus. Usage: unlocked.sh COMMAND...
set -eu
printf tests | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
keyring=$!
trap 'kill "$keyring" 2>/dev/null' EXIT
tries=0
until dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
    string:org.freedesktop.secrets 2>/dev/null | grep -q 'boolean true'; do
    tries=$((tries + 1))
    [ "$tries" -le 500 ] || { echo "gnome-keyring did not appear on the bus" >&2; exit 70; }
    sleep 0.02
done
"$@"
