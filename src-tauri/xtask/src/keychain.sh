# Runs a command beside an unlocked keychain, on the session bus of this process. Usage: keychain.sh COMMAND...
# The bus must start nothing by itself: a call that comes too early would start a second keychain, a locked one.
printf tests | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
keyring=$!
trap 'kill "$keyring" 2>/dev/null' EXIT
trap 'exit 143' TERM INT
tries=0
until dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
  string:org.freedesktop.secrets 2>/dev/null | grep -q 'boolean true'; do
  tries=$((tries + 1))
  if [ "$tries" -gt 500 ]; then
    echo "the keychain did not appear on the session bus" >&2
    exit 70
  fi
  sleep 0.02
done
"$@"
