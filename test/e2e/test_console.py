"""The console's API without a browser: people, the route table, and attacks."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from console import PASSWORD, Console, FakeDaemon, order
from pumpline import BUILD, children_of, until

ROOT = Path(__file__).parents[2]
RANKS = ["NONE", "READER", "MANAGER", "OPERATOR", "ADMIN"]


def routes():
    text = (ROOT / "supervisor/console/api/routes.c").read_text()
    shop = re.search(r'#define SHOP "([^"]+)"', text)[1]
    for verb, path, scope, least in re.findall(r'ROW\("(\w+)", ([^,]+), (\w+), (\w+), \w+\)', text):
        path = path.replace("ORDER", f'"{shop}/orders/{{uniqueid}}"').replace("SHOP", f'"{shop}"').replace('" "', "").strip('"')
        yield verb, path, scope, RANKS.index(least)


ROUTES = list(routes())


@pytest.fixture
def fake(tmp_path):
    one = FakeDaemon(tmp_path / "control.sock").start()
    one.orders["e-1"] = order("e-1")
    yield one
    one.stop()


@pytest.fixture
def console(fake, tmp_path):
    one = Console(tmp_path / "console", fake.path)
    yield one
    one.stop()


def test_version_and_configuration(tmp_path):
    said = subprocess.run([BUILD / "pumpline-console", "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert re.fullmatch(r"pumpline-console \d+\.\d+\.\d+\n", said)
    bad = tmp_path / "console.json"
    bad.write_text('{"listen": "0.0.0.0:80", "idle_s": "1", "colour": 1, "single_sign_on_from": "root"}')
    done = subprocess.run([BUILD / "pumpline-console", "-n", "-c", bad], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78 and "/idle_s" in done.stderr and "/colour" in done.stderr
    bad.write_text('{"listen": "0.0.0.0:80", "single_sign_on_from": "root"}')
    done = subprocess.run([BUILD / "pumpline-console", "-n", "-c", bad], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78 and "loopback" in done.stderr and "Unix socket" in done.stderr


def test_a_daemon_that_does_not_answer_is_logged_once(tmp_path):
    console = Console(tmp_path / "console", tmp_path / "none.sock").start()
    told = f"cannot reach the daemon at {tmp_path / 'none.sock'}: "
    until(lambda: told in console.log.read_text(), "it is logged")
    fake = FakeDaemon(tmp_path / "none.sock")
    fake.stop()
    console.stop()
    assert console.log.read_text().count(told) == 1


def test_roles_are_words(tmp_path):
    console = Console(tmp_path / "console", "/none")
    assert "to sign in (once, within 15 minutes), open the console's address followed by:" in console.ctl("add", "bob", "--role", "admin").stdout
    assert console.ctl("role", "bob", "--role", "reader", "--at", "south").stdout == "bob: reader at south\n"
    assert "admin (all workshops), reader (south)" in console.ctl("list").stdout
    assert console.ctl("role", "bob", "--role", "none").stdout == "bob: no role for all workshops; still reader (south)\n"
    assert console.ctl("role", "bob", "--role", "none", "--at", "south").stdout == "bob: no role at south\n"


def test_signing_in_and_out(console):
    console.add("ann", "reader")
    console.start()
    reply, cookie = console.sign_in("ann")
    assert reply.status == 200 and reply.json["roles"] == {"*": "reader"}
    rules = reply.headers["Set-Cookie"]
    assert rules.startswith("__Host-pumpline=") and all(f"; {rule}" in rules for rule in ("Path=/", "Secure", "HttpOnly", "SameSite=Strict"))
    assert console.call("GET", "/api/me", cookie=cookie).status == 200
    assert console.call("POST", "/api/logout", {}, cookie).status == 200
    assert console.call("GET", "/api/me", cookie=cookie).status == 401
    one, other = console.cookie("ann"), console.cookie("ann")
    assert console.call("POST", "/api/logout", {"everywhere": True}, one).status == 200
    assert console.call("GET", "/api/me", cookie=other).status == 401


def cpu_ticks(pid):
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))


def test_wrong_passwords_and_unknown_users_look_the_same(console):
    console.add("ann", "reader")
    console.start()
    [hasher] = children_of(console.process.pid)
    replies, work = [], []
    for name in ("ann", "nobody", "Ä?"):
        before = cpu_ticks(hasher)
        replies.append(console.sign_in(name, "wrong password!")[0])
        work.append(cpu_ticks(hasher) - before)
    assert {(one.status, one.json["code"], one.json["detail"]) for one in replies} == {(401, "wrong_password", "wrong name or password")}
    assert min(work) > max(work) / 3, work  # an unknown name costs as much
    log = console.log.read_text()
    assert "wrong password!" not in log and PASSWORD not in log
    assert console.accounts.stat().st_mode & 0o777 == 0o600 and PASSWORD not in console.accounts.read_text()


def test_brute_force_is_slowed_down(console):
    console.add("ann", "reader")
    console.start()
    statuses = [console.sign_in("ann", f"guess number {i}")[0].status for i in range(8)]
    assert statuses[:5] == [401] * 5 and 429 in statuses[5:]
    reply, _ = console.sign_in("ann")  # even with the right one
    assert reply.status == 429 and int(reply.headers["Retry-After"]) >= 1


def test_sessions_outlive_a_restart_but_are_hashed(console):
    console.add("ann", "reader")
    console.start()
    cookie = console.cookie("ann")
    sessions = console.folder / "sessions.json"
    assert cookie.split("=", 1)[1] not in sessions.read_text() and sessions.stat().st_mode & 0o777 == 0o600
    console.stop()
    console.start()
    assert console.call("GET", "/api/me", cookie=cookie).status == 200


@pytest.mark.parametrize("member, age_ms", [("created_ms", 13 * 3600 * 1000), ("seen_ms", 61 * 60 * 1000)])
def test_sessions_expire(console, member, age_ms):
    console.add("ann", "reader")
    console.start()
    cookie = console.cookie("ann")
    console.stop()
    file = console.folder / "sessions.json"
    sessions = json.loads(file.read_text())
    sessions[0][member] = int(time.time() * 1000) - age_ms
    file.write_text(json.dumps(sessions))
    console.start()
    assert console.call("GET", "/api/me", cookie=cookie).status == 401


def test_accounts_change_while_it_runs(console):
    assert console.ctl("add", "ann", "--role", "reader", "--password-file", "-", password=PASSWORD + "\n").returncode == 0
    console.start()
    cookie = console.cookie("ann")
    assert console.ctl("role", "ann", "--role", "admin", "--at", "bennys-auto").returncode == 0
    assert console.call("GET", "/api/me", cookie=cookie).json["roles"] == {"*": "reader", "bennys-auto": "admin"}
    assert console.ctl("passwd", "ann", "--password-file", "-", password="another password\n").returncode == 0
    assert console.call("GET", "/api/me", cookie=cookie).status == 401
    assert console.sign_in("ann", "another password")[0].status == 200
    listed = json.loads(console.ctl("list", "--json").stdout)["accounts"]
    assert listed == [{"name": "ann", "roles": {"*": "reader", "bennys-auto": "admin"}, "password": True}]
    assert console.ctl("remove", "ann").returncode == 0
    assert console.sign_in("ann", "another password")[0].status == 401
    assert console.ctl("remove", "ann").returncode == 1 and console.ctl("add", "A b", "--role", "reader").returncode == 2


def test_own_password(console):
    console.add("ann", "reader")
    console.start()
    one, other = console.cookie("ann"), console.cookie("ann")
    assert console.call("PUT", "/api/me/password", {"old": "no", "new": "a new password"}, one).json["code"] == "wrong_password"
    assert console.call("PUT", "/api/me/password", {"old": PASSWORD, "new": "short"}, one).json["code"] == "weak_password"
    reply = console.call("PUT", "/api/me/password", {"old": PASSWORD, "new": "a new password"}, one)
    assert reply.status == 200
    assert [console.call("GET", "/api/me", cookie=cookie).status for cookie in (one, other)] == [401, 401]
    assert console.call("GET", "/api/me", cookie=reply.headers["Set-Cookie"].split(";")[0]).status == 200


def test_a_link_works_once(console):
    link = console.ctl("add", "ann", "--role", "manager").stdout.split("#link=")[1].strip()
    console.start()
    assert console.call("POST", "/api/login", {"link": link[:-1]}).status == 401
    assert console.call("POST", "/api/login", {"link": link}).status == 200
    assert console.call("POST", "/api/login", {"link": link}).json["code"] == "link_used"
    assert link not in console.accounts.read_text()


# --- the route table


@pytest.fixture
def staff(console):
    """An account for each role at Bennys Auto, and one that is only at Carls Cars; cookies by role."""
    for rank, role in enumerate(RANKS[1:], 1):
        console.add(role.lower(), role.lower(), "bennys-auto")
    console.add("other", "admin", "carls-cars")
    console.start()
    cookies = {rank: console.cookie(role.lower()) for rank, role in enumerate(RANKS[1:], 1)}
    cookies["other"] = console.cookie("other")
    console.known(cookies["other"])
    return console, cookies


def test_every_role_on_every_route(staff, fake):
    console, cookies = staff
    assert len(ROUTES) > 40
    for verb, pattern, scope, least in ROUTES:
        if scope == "OPEN" or pattern in ("/api/events", "/api/logout", "/api/me/password"):
            continue
        path = pattern.replace("{workshop}", "bennys-auto").replace("{uniqueid}", "e-1").replace("{worksheet}", "558").replace("{name}", "x")
        path += "?workshop=bennys-auto" if scope in ("ONE", "LIST") else ""
        body = None if verb == "GET" else {"workshops": ["bennys-auto"]} if scope == "BODY" else {}
        fake.seen.clear()
        fake.orders["e-1"] = order("e-1")
        assert console.call(verb, path, body).json["code"] == "signed_out", path
        if scope == "ALL":  # none of these is for all workshops
            assert {console.call(verb, path.replace("{recipe}", "own"), body, cookie).status for cookie in cookies.values()} == {403} and not fake.seen, path
            continue
        for rank in range(1, 5):
            status = console.call(verb, path, body, cookies[rank]).status
            assert status == (403 if rank < least else 200) or (rank >= least and status == 409), (verb, path, RANKS[rank], status)
        if scope not in ("SELF",):
            assert console.call(verb, path, body, cookies["other"]).status == (403 if scope == "BODY" else 404), path
            assert {one["by"] for one in fake.seen} <= {role.lower() for role in RANKS[max(least, 1):]}, path
            assert len(fake.seen) == 5 - max(least, 1), path


def test_signed_out_streams_and_unknown_paths(staff):
    console, cookies = staff
    assert console.call("GET", "/api/events").status == 401
    for path in ("/api/metrics", "/api/reload", "/api/rekey", "/api/seal", "/api/workshops", "/api/workshops/bennys-auto/create", "/api/", "/api//health"):
        assert console.call("GET", path, cookie=cookies[4]).status in (400, 404, 405), path


def test_lists_are_filtered(staff, fake):
    console, cookies = staff
    fake.orders["c-1"] = order("c-1", "Carls Cars")
    health = console.call("GET", "/api/health", cookie=cookies[1]).json
    assert [one["slug"] for one in health["integrations"]] == ["bennys-auto"] and "summary" not in health
    assert [one["uniqueid"] for one in console.call("GET", "/api/orders", cookie=cookies[1]).json["orders"]] == ["e-1"]
    assert [one["uniqueid"] for one in console.call("GET", "/api/orders", cookie=cookies["other"]).json["orders"]] == ["c-1"]
    assert console.call("GET", "/api/report", cookie=cookies[1]).json["code"] == "workshop_required"
    assert console.call("GET", "/api/orders?workshop=bennys-auto&workshop=carls-cars", cookie=cookies[1]).status == 400
    assert console.call("GET", "/api/orders?%77orkshop=carls-cars", cookie=cookies[1]).status == 404


def test_many_workshops_need_the_role_for_each(staff, fake):
    console, cookies = staff
    for workshops, status in ((["bennys-auto"], 200), (["bennys-auto", "carls-cars"], 403), ("all", 403), ([], 403), (["nowhere"], 403)):
        assert console.call("PUT", "/api/workshops/stop", {"workshops": workshops}, cookies[3]).status == status
    assert [json.loads(one["body"]) for one in fake.seen] == [{"workshops": ["bennys-auto"]}]


def test_a_new_workshop_is_for_those_with_a_role_for_all(staff, fake):
    console, cookies = staff
    assert console.call("PUT", "/api/workshops/new-one", {}, cookies[4]).status == 403
    assert console.ctl("role", "admin", "--role", "admin").returncode == 0
    reply = console.call("PUT", "/api/workshops/new-one?dry_run=true", {"workshop": "New"}, cookies[4], headers={"If-Match": '"7"'})
    assert reply.status == 200 and (fake.seen[-1]["target"], fake.seen[-1]["if_match"]) == ("/workshops/new-one?dry_run=true", '"7"')


def test_tokens_are_made_by_the_console(staff, fake):
    console, cookies = staff
    reply = console.call("POST", "/api/workshops/bennys-auto/tokens", {"name": "oilmat", "scope": "order"}, cookies[4])
    sent = json.loads(fake.seen[-1]["body"])
    assert len(reply.json["token"]) >= 43 and reply.json["token"] not in fake.seen[-1]["body"]
    assert sent["name"] == "oilmat" and re.fullmatch("[0-9a-f]{64}", sent["hash"])


def test_recipes_are_for_the_admin_of_all(staff, fake):
    console, cookies = staff
    assert console.ctl("role", "admin", "--role", "admin").returncode == 0
    for path in ("/recipes", "/recipes/tryton-sao"):
        assert console.call("GET", "/api" + path, cookie=cookies[4]).status == 200 and fake.seen[-1]["target"] == path
    assert console.call("GET", "/api/recipes/..", cookie=cookies[4]).status == 404


def test_a_password_is_sealed_for_the_workshop_of_the_path(staff, fake):
    console, cookies = staff
    body = {"workshop": "carls-cars", "password": "s3cret-7351", "erp": {"system": "file"}}
    assert console.call("POST", "/api/workshops/bennys-auto/seal", body, cookies[4]).status == 200
    assert (fake.seen[-1]["target"], json.loads(fake.seen[-1]["body"])) == ("/seal", {**body, "workshop": "bennys-auto"})
    assert "s3cret-7351" not in console.log.read_text()


def test_events_of_ones_own_workshops(staff, fake):
    console, cookies = staff
    connection = console.connection()
    connection.request("GET", "/api/events", headers={"Cookie": cookies[1]})
    reply = connection.getresponse()
    assert reply.status == 200
    lines = iter(reply.readline, b"")
    assert next(lines) == b"event: reset\n"
    fake.change("carls-cars", worker="parked")
    fake.tell("order", {"workshop": "Carls Cars", "uniqueid": "c-9", "status": "error"})
    fake.change("bennys-auto", worker="parked")
    text = b""
    while b"bennys-auto" not in text:
        text += next(lines)
    assert b"carls-cars" not in text and b"c-9" not in text
    connection.close()


def test_without_the_daemon(console, fake):
    console.add("ann", "reader")
    console.start()
    cookie = console.cookie("ann")
    console.known(cookie)
    fake.stop()
    until(lambda: not console.call("GET", "/api/me", cookie=cookie).json["daemon"], "the console notices")
    assert console.call("GET", "/api/health", cookie=cookie).json["code"] == "daemon_unreachable"
    fake.begin_again()
    console.known(cookie)
    assert console.call("GET", "/api/health", cookie=cookie).status == 200


# --- attacks


def test_a_foreign_page_cannot_act(staff, fake):
    console, cookies = staff
    path = "/api/workshops/bennys-auto/orders/e-1/retry"
    for origin in ("https://evil.example", "null", None, f"http://127.0.0.1:{console.port + 1}", f"http://127.0.0.1:{console.port}.evil.example"):
        assert console.call("PUT", path, {}, cookies[4], origin=origin).json["code"] == "foreign_origin", origin
        assert console.call("POST", "/api/login", {"name": "admin", "password": PASSWORD}, origin=origin).status == 403
    assert console.call("PUT", path, "worksheet=1", cookies[4], headers={"Content-Type": "text/plain"}).status == 415
    assert fake.seen == []


def test_a_session_cannot_be_fixed(console):
    console.add("ann", "reader")
    console.start()
    mine = "__Host-pumpline=" + "A" * 43
    reply, cookie = console.sign_in("ann", cookie=mine)
    assert reply.status == 200 and cookie != mine
    assert console.call("GET", "/api/me", cookie=mine).status == 401
    assert console.call("GET", "/api/me", cookie=f"other=1; {cookie}; x").status == 200
    assert console.call("GET", "/api/me", cookie=cookie.replace("__Host-pumpline", "pumpline")).status == 401


def test_remote_user_counts_for_nothing_by_default(console):
    console.add("root", "admin")
    console.start()
    assert console.call("GET", "/api/me", headers={"Remote-User": "root"}).status == 401


def test_remote_user_counts_from_the_proxys_user_only(fake, tmp_path):
    listen = str(tmp_path / "http.sock")
    for user, status in (("root", 200), ("nobody", 401)):
        one = Console(tmp_path / f"console-{user}", fake.path, listen=listen, single_sign_on_from=user)
        one.add("ann", "admin")
        one.start()
        assert one.call("GET", "/api/me", headers={"Remote-User": "ann"}).status == status
        assert one.call("GET", "/api/me", headers={"Remote-User": "bob"}).status == 401
        one.stop()


def test_paths_cannot_reach_other_calls_of_the_daemon(staff, fake):
    console, cookies = staff
    for path in ("/api/workshops/bennys-auto/orders/..%2f..%2f..%2fkill", "/api/workshops/bennys-auto%2fkill", "/api/workshops/bennys-auto/orders/e-1%3fx",
                 "/api/workshops/bennys-auto/orders/%2e%2e/history", "/api/workshops/..%2freload", "/api/../reload", "/api/workshops/bennys-auto/orders/a%0d%0aX:%20y"):
        console.call("GET", path, cookie=cookies[4])
    for one in fake.seen:
        assert re.fullmatch(r"/workshops/bennys-auto/orders/[^/]+(/history)?", one["target"]), one
        assert not {"..", "kill"} & set(one["target"].split("/")) and "?" not in one["target"], one


def test_a_page_of_the_erp_is_not_run(staff):
    console, cookies = staff
    reply = console.call("GET", "/api/workshops/bennys-auto/orders/e-1/evidence/page.html", cookie=cookies[1])
    assert reply.type == "text/plain" and reply.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in reply.headers["Content-Security-Policy"]


def test_every_reply_has_the_headers(console):
    console.start()
    for path in ("/", "/api/me", "/nowhere", "/a/x/y"):
        headers = console.call("GET", path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'") and "unsafe" not in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer", path
        assert len(headers.keys()) == len(set(headers.keys())), path
    assert console.call("GET", "/api/me").headers["Cache-Control"] == "no-store"


def test_it_is_shut_in(console):
    console.start()
    pid = console.process.pid
    children = children_of(pid)

    def shut_in(one):
        status = Path(f"/proc/{one}/status").read_text()
        return re.search(r"CapEff:\s+0+$", status, re.M) and "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status

    assert shut_in(pid)
    for one in children:  # which may have just begun: it is asked for nothing before
        until(lambda one=one: shut_in(one), "the process for passwords is shut in")
    assert children
    for one in children:
        os.kill(one, signal.SIGKILL)
    assert console.process.wait(60) == 70  # without the process for passwords it ends, and systemd starts it anew
    console.process = None
