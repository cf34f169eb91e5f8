#!/bin/sh
# Builds each fuzz target with clang and runs it for SECONDS (10). Status 1 where one found
# something; the input that did it stays in the folder that is printed.
set -eu
seconds=${1:-10}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
failed=0

mkdir "$work/seeds"
cat >"$work/seeds/order" <<'END'
{"workshop": "W", "worksheet": "558", "product_nr": 10, "product_amount": 5.50, "uniqueid": "\u0061",
 "username": "admin", "password": "gygag", "a": -1.5e3, "x": {"a": [1, "}"]}}
END
cat >"$work/seeds/config" <<'END'
{"workshop": "W", "active": true, "listen": "[::1]:8101", "retention_days": 4, "a": 1,
 "erp": {"system": "tryton", "url": "https://h:1/db/", "ca_file": null, "max_in_flight": 4},
 "credentials": {"username": "u", "password": {"sealed": "AA=="}}, "retry": {"first_s": 2},
 "api_tokens": [{"scope": "order", "hash": "h"}]}
END
sed '/^ "cred/d; s/, "a": 1//; s/"max_in_flight": 4},/"timeout_s": 4}}/; /api_tokens/d' \
    "$work/seeds/config" >"$work/seeds/sound"
cat >"$work/seeds/recipe" <<'END'
{"recipe": 1, "options": {"a": {}}, "browser": {"window": [800, 600]}, "pieces": {"p": [{"frame": ["x"]}]},
 "login": [{"type": "{credentials.password}", "into": {"name": "p", "in": "#f"}}, {"press": "Ctrl+S"}],
 "lookup": [{"each": "tr", "where": {"text": {"of": "td", "is": "{order.uniqueid}"}}, "do":
  [{"found": {"reference": "{row}", "product_nr": "1", "amount": "{order.product_amount|number:,.:2}"}}]}],
 "create": [{"call": "p"}, {"wait": {"any": [{"dialog": true}, {"equal": ["a", "b"]}]}}], "commit": [{"click": "#s"}],
 "verify": [{"when": {"any": [{"url": {"ends": "/{order.uniqueid}"}}, {"variable": {"text": "{x}", "starts": "a"}}]}},
  {"read": "#x", "exact": true, "into": "x"}, {"assert": {"equal": ["{x}", "{order.uniqueid}"]}}, {"found": {"reference": "1", "product_nr": "1", "amount": "1"}}], "errors": [{"text": "x", "code": "erp_busy"}]}
END
element='{"ok":true,"element":{"element-6066-11e4-a52e-4f735466cecf":"e"}}'
cat >"$work/seeds/browser" <<END
{"sessionId": "s"}
"w1"
$element
null
null
null
$element
null
{"ok":true,"rows":[],"elements":[]}
["w1","w2"]
null
$element
null
null
null
!no such alert
["w1"]
{"ok":true}
$element
null
{"value":"x"}
null
"Sure?"
null
null
{"ok":false}
{"ok":true,"value":"x"}
END
printf '//a[.={a|xpath|trim}]{{{bc|json}}}{a|number:,.:3}{a|css}{a|urlencode}' >"$work/seeds/template"
printf 'POST http://h:1/a?b HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n' \
    >"$work/seeds/chunked"
printf 'PUT /a HTTP/1.0\r\nConnection: keep-alive\r\nContent-Type: a\r\nContent-Length: 3\r\n\r\nabc' >"$work/seeds/length"
printf 'za%%20b+c%%C3%%A4' >"$work/seeds/percent"

flags="-std=gnu11 -D_GNU_SOURCE -DPUMPLINE_VERSION=\"fuzz\" -DLLHTTP_STRICT_MODE=1 -I$root -isystem /usr/share/include -g -O1
    -fsanitize=address,undefined -fno-sanitize-recover=all"
mkdir "$work/objects"
for source in "$root"/common/*.c "$root"/erp-drivers/*.c; do
    # shellcheck disable=SC2086
    clang $flags -fsanitize=fuzzer-no-link -c "$source" \
        -o "$work/objects/$(basename "$(dirname "$source")")-$(basename "$source" .c).o"
done
for source in /usr/share/llhttp/*.c; do
    clang -w -O1 -DLLHTTP_STRICT_MODE=1 -I/usr/share/include/llhttp -c "$source" \
        -o "$work/objects/$(basename "$source" .c)-llhttp.o"
done
ar rcs "$work/library.a" "$work"/objects/*.o

for source in "$here"/*.c; do
    name=$(basename "$source" .c)
    mkdir "$work/$name"
    # shellcheck disable=SC2086
    clang $flags -fsanitize=fuzzer "$source" "$work/library.a" -o "$work/$name/fuzz" \
        -levent_core -ljansson -lsodium -lutf8proc -lm
    cp -r "$work/seeds" "$work/$name/corpus"
    if "$work/$name/fuzz" -max_total_time="$seconds" -max_len=2048 -timeout=5 \
        -artifact_prefix="$work/$name/" "$work/$name/corpus" >"$work/$name/log" 2>&1; then
        echo "$name: nothing found, $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$work/$name/log") runs"
    else
        failed=1
        tail -n 40 "$work/$name/log"
        echo "$name: found something, see $work/$name"
    fi
done
[ "$failed" -eq 1 ] || rm -rf "$work"
exit "$failed"
