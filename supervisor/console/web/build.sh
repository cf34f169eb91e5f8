#!/usr/bin/env bash
# build.sh BUILD_FOLDER: fetches what package-lock.json pins, and puts the console's pages into BUILD_FOLDER/console-web,
# each file once more compressed. axe-core, which only tests use, stays in BUILD_FOLDER/console-npm.
set -euo pipefail
sources=$(cd "$(dirname "$0")" && pwd)
build=$1
npm=$build/console-npm out=$build/console-web

command -v npm >/dev/null || { echo "PUMPLINE_CONSOLE needs npm" >&2; exit 1; }
mkdir -p "$npm"
if ! cmp -s "$sources/package-lock.json" "$npm/package-lock.json" || [ ! -d "$npm/node_modules" ]; then
    cp "$sources/package.json" "$npm/"
    cp "$sources/package-lock.json" "$npm/lock.new"
    cp "$npm/lock.new" "$npm/package-lock.json"
    (cd "$npm" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || { rm "$npm/package-lock.json"; exit 1; }
fi

rm -rf "$out.new"
mkdir "$out.new"
cp "$sources"/*.js "$sources"/*.css "$sources"/*.svg "$sources"/index.html "$sources"/lang/*.json "$out.new/"
cp "$npm/node_modules/htm/preact/standalone.module.js" "$out.new/preact.js"
cp "$npm/node_modules/@picocss/pico/css/pico.min.css" "$out.new/pico.css"
cp "$npm/node_modules/uplot/dist/uPlot.iife.min.js" "$out.new/uplot.js"
cp "$npm/node_modules/uplot/dist/uPlot.min.css" "$out.new/uplot.css"
[ ! -f "$build/workshop.schema.json" ] || cp "$build/workshop.schema.json" "$out.new/"
# The console allows no styles inside a page.
[ ! -f "$build/api.html" ] || sed -z 's|<style>.*</style>|<link rel="stylesheet" href="pico.css">|' "$build/api.html" >"$out.new/api.html"
for file in "$out.new"/*; do gzip -9 -n -k "$file"; done
rm -rf "$out"
mv "$out.new" "$out"
