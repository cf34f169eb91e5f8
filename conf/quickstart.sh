#!/usr/bin/env bash
# From a fresh Debian 12 to an order that has become a line: installs packages, builds, starts the supervisor in a temporary
# folder with one workshop on the file driver, and places one order. Run it as root or with sudo available.
set -euo pipefail
cd "$(dirname "$0")/.."
. conf/setup.sh

PORT=${PORT:-8101}
CONSOLE_PORT=${CONSOLE_PORT:-8080}
say() { printf '\n== %s\n' "$*"; }

say "Installing the build dependencies"
install_packages "${BUILD_PACKAGES[@]}"

say "Building into build/"
build build
command -v npm >/dev/null && supervisor/console/web/build.sh "$PWD/build" || true

folder=$(mktemp -d /tmp/pumpline-quickstart.XXXXXX)
daemon=
console=
finish() {
    [ -z "$console" ] || { kill "$console" 2>/dev/null && wait "$console" 2>/dev/null; } || true
    [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null && wait "$daemon" 2>/dev/null; } || true
    rm -rf "$folder"
}
trap finish EXIT

mkdir "$folder/workshops.d" "$folder/lines"
cat >"$folder/pumpline.json" <<JSON
{"control_socket": "$folder/control.sock", "state_dir": "$folder/state", "workshops_dir": "$folder/workshops.d",
 "key_file": "$folder/master.key"}
JSON
cat >"$folder/workshops.d/bennys-auto.json" <<JSON
{"workshop": "Bennys Auto", "active": true, "listen": "127.0.0.1:$PORT",
 "erp": {"system": "file", "folder": "$folder/lines", "format": "csv"}}
JSON
order='{"workshop": "Bennys Auto", "worksheet": "558", "product_nr": "10", "product_amount": "5",
        "uniqueid": "xxx", "username": "admin", "password": "gygag"}'
url=http://127.0.0.1:$PORT

# get PATH: a GET that retries for a while until the integration is up.
get() { curl -s --fail --retry 50 --retry-delay 0 --retry-max-time 20 --retry-connrefused "$url$1" && echo; }
status() { get '/get_order_status?uniqueid=xxx' | sed -n 's/.*"status":"\([a-z]*\)".*/\1/p'; }

say "Starting the supervisor with the workshop \"Bennys Auto\""
build/pumplined -c "$folder/pumpline.json" 2>"$folder/pumplined.log" &
daemon=$!
get /alive || {
    cat "$folder/pumplined.log"
    echo "If port $PORT is in use, choose another: PORT=8199 conf/quickstart.sh"
    exit 1
}

say "Placing the order: 5 of product 10 on worksheet 558"
curl -sS --fail -X PUT "$url/stop_worker" >/dev/null
curl -sS --fail -H 'Content-Type: application/json' -d "$order" "$url/create"
echo
echo "status while the worker is stopped: $(status)"

say "Starting the worker"
curl -sS --fail -X PUT "$url/start_worker"
echo
for _ in $(seq 200); do
    [ "$(status)" = created ] && break
done
get '/get_order_status?uniqueid=xxx'
[ "$(status)" = created ] || { cat "$folder/pumplined.log"; exit 1; }

say "The resulting line in $folder/lines"
cat "$folder"/lines/*
say "Its history, through the control socket: pumplinectl order-status bennys-auto xxx --history"
build/pumplinectl --socket "$folder/control.sock" order-status bennys-auto xxx --history
say "All integrations: pumplinectl status"
build/pumplinectl --socket "$folder/control.sock" status

if [ -f build/console-web/index.html ]; then
    say "The web console"
    mkdir -m 0700 "$folder/console"
    cat >"$folder/console.json" <<JSON
{"control_socket": "$folder/control.sock", "listen": "127.0.0.1:$CONSOLE_PORT", "web_dir": "$PWD/build/console-web",
 "accounts_file": "$folder/console/accounts.json"}
JSON
    build/pumpline-console -c "$folder/console.json" 2>"$folder/console.log" &
    console=$!
    curl -s -o /dev/null --retry 50 --retry-delay 0 --retry-max-time 20 --retry-connrefused "http://127.0.0.1:$CONSOLE_PORT/" || {
        cat "$folder/console.log"
        exit 1
    }
    link=$(build/pumplinectl user add admin --role admin --accounts "$folder/console/accounts.json" | sed -n 's/^#/#/p')
    echo "http://127.0.0.1:$CONSOLE_PORT/$link"
    if [ -t 0 ]; then
        echo "This address signs in once. The console runs until you press Enter."
        read -r
    fi
else
    say "The web console was not built: its pages need npm (apt install npm, then run this again)"
fi

cat <<TEXT

It works. $folder is being removed. Next steps:
  - README.md says how to install it, how an order travels, and how to connect an ERP system
  - conf/README.md explains every member of the configuration
  - test/run.sh installs what the tests need and runs them all
TEXT
