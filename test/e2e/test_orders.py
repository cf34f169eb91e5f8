"""The workshop API with the file driver: orders, duplicates, lists, and how people handle errors."""

import http.client
import json
import socket
import threading
from urllib.parse import quote

from pumpline import DEADLINE_S, call, until

PUBLIC = {"workshop", "uniqueid", "worksheet", "product_nr", "product_amount", "status", "reason_code", "reason_text",
          "attempts", "placed_at", "updated_at", "next_attempt_at", "erp_reference", "by_hand",
          "needs_attention", "erp_product", "erp_amount"}


def stop_worker(workshop):
    assert workshop.put("/stop_worker").json["worker"] == "stopped"


def test_an_order_becomes_one_line(bennys):
    stop_worker(bennys)
    reply = bennys.place("xxx")
    assert reply == {"workshop": "Bennys Auto", "uniqueid": "xxx", "status": "placed", "duplicate": False,
                     "queue_length": 1}
    order = bennys.state("xxx")
    assert set(order) == PUBLIC
    assert (order["status"], order["attempts"], order["reason_code"], order["next_attempt_at"]) == ("placed", 0, None, None)
    assert bennys.put("/start_worker").json == {"workshop": "Bennys Auto", "worker": "running", "was_running": False}
    order = bennys.wait("xxx", "created")
    files = list(bennys.lines.iterdir())
    line = json.loads(files[0].read_text())
    assert len(files) == 1 and order["erp_reference"] == files[0].name
    assert files[0].stat().st_mode & 0o777 == 0o640  # readable for an importer in the folder's group
    assert {k: line[k] for k in ("worksheet", "product_nr", "product_amount", "uniqueid", "workshop")} == {
        "worksheet": "558", "product_nr": "10", "product_amount": "5", "uniqueid": "xxx", "workshop": "Bennys Auto"}
    assert [entry["status"] for entry in bennys.history("xxx")] == ["placed", "processing", "created"]


def test_numbers_keep_their_text(bennys):
    body = json.dumps(bennys.order("n1")).replace('"5"', "4.70").replace('"558"', "558")
    assert bennys.call("POST", "/create", body).status == 200
    assert bennys.state("n1")["product_amount"] == "4.70"
    assert bennys.state("n1")["worksheet"] == "558"


def test_the_same_again_and_another_under_its_id(bennys):
    bennys.place("one", amount="5")
    bennys.wait("one", "created")
    again = bennys.place("one", amount="5.0")
    assert again["duplicate"] is True and again["status"] == "created"
    for other in ({"amount": "5.1"}, {"product": "20"}, {"worksheet": "559"}):
        reply = bennys.create("one", **other)
        assert (reply.status, reply.json["code"], reply.type) == (409, "uniqueid_conflict", "application/problem+json")
    assert len(list(bennys.lines.iterdir())) == 1


def test_text_that_looks_the_same_is_the_same(daemon):
    """Keyboards send an accented letter as one character or as two."""
    composed, apart = "Zo\u00eb's \u00c5", "Zoe\u0308's A\u030a"
    zoes = daemon.add_file("zoes", apart)
    daemon.start()
    zoes.name = composed
    assert zoes.place(f"u-{composed}") == {"workshop": composed, "uniqueid": f"u-{composed}", "status": "placed",
                                           "duplicate": False, "queue_length": 1}
    zoes.name = apart
    again = zoes.place(f"u-{apart}")
    assert (again["duplicate"], again["uniqueid"]) == (True, f"u-{composed}")
    assert zoes.create(f"u-{apart}", product="20").json["code"] == "uniqueid_conflict"
    zoes.wait(f"u-{apart}", "created")
    assert len(list(zoes.lines.iterdir())) == 1
    assert zoes.history(f"u-{apart}") == zoes.history(f"u-{composed}")
    for name in (composed, apart):
        assert daemon.call("GET", f"/workshops/{quote(name)}").json["workshop"] == composed


def test_the_file_driver_needs_no_credentials(bennys):
    order = {name: value for name, value in bennys.order("bare").items() if name not in ("username", "password")}
    assert bennys.call("POST", "/create", order).status == 200
    bennys.wait("bare", "created")
    assert bennys.call("POST", "/create", {**order, "uniqueid": "half", "username": "ann"}).json["fields"] == ["password"]


def test_zeros_at_the_end_are_exact(bennys):
    body = json.dumps(bennys.order("z1")).replace('"5"', "5.0000000")
    assert bennys.call("POST", "/create", body).status == 200
    assert bennys.place("z1", amount="5")["duplicate"] is True
    assert bennys.place("z2", amount="0.10000000000")["status"] == "placed"
    bennys.wait("z2", "created")


def test_eight_clients_place_the_same_order(bennys):
    stop_worker(bennys)
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(bennys.place("same"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reply["duplicate"] for reply in replies) == [False] + [True] * 7
    bennys.put("/start_worker")
    bennys.wait("same", "created")
    assert len(list(bennys.lines.iterdir())) == 1


def post_many(workshop, numbers):
    connection = http.client.HTTPConnection("127.0.0.1", workshop.port, timeout=DEADLINE_S)
    for number in numbers:
        body = json.dumps(workshop.order(f"bulk-{number}", worksheet=str(number % 97)))
        connection.request("POST", "/create", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        assert reply.status == 200, reply.read()
        reply.read()
    connection.close()


def post_in_parallel(workshop, orders, connections):
    threads = [threading.Thread(target=post_many, args=(workshop, range(start, orders, connections)))
               for start in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_thousand_orders_over_sixteen_connections(bennys):
    stop_worker(bennys)
    post_in_parallel(bennys, 1000, 16)
    assert bennys.get("/alive").json["orders"] == {"placed": 1000, "processing": 0, "created": 0, "error": 0}
    bennys.put("/start_worker")
    until(lambda: bennys.get("/alive").json["orders"]["created"] == 1000, "all are created", 120)
    ids = [json.loads(path.read_text())["uniqueid"] for path in bennys.lines.iterdir()]
    assert len(ids) == 1000 and set(ids) == {f"bulk-{number}" for number in range(1000)}


def pages(workshop, target, member):
    after, found = "", []
    while after is not None:
        reply = workshop.get(f"{target}limit=3" + (f"&after={after}" if after else "")).json
        assert len(reply[member]) <= 3
        found += [order["uniqueid"] for order in reply[member]]
        after = reply["next"]
    return found


def test_lists_are_paged(bennys):
    stop_worker(bennys)
    ids = [f"p{number}" for number in range(7)]
    for number, uniqueid in enumerate(ids):
        assert bennys.place(uniqueid)["queue_length"] == number + 1
    assert pages(bennys, "/queue?", "tasks") == ids
    assert pages(bennys, "/orders?status=placed&", "orders") == ids[::-1]
    assert pages(bennys, "/orders?", "orders") == ids[::-1]
    assert bennys.get("/queue?limit=2").json["length"] == 7
    assert bennys.get("/orders?status=error").json == {"workshop": "Bennys Auto", "orders": [], "next": None}
    assert bennys.get("/alive").json["oldest_placed_age_s"] >= 0


def test_clear_retry_and_resolve(bennys):
    stop_worker(bennys)
    for uniqueid in ("a", "b", "c"):
        bennys.place(uniqueid)
    assert bennys.put("/clear_queue").json == {"workshop": "Bennys Auto", "cleared": 3, "processing": 0}
    assert bennys.get("/queue").json["length"] == 0
    assert [o["reason_code"] for o in bennys.get("/orders?status=error").json["orders"]] == ["cleared"] * 3
    assert bennys.place("a")["status"] == "error"
    retried = bennys.put("/orders/a/retry", {"worksheet": "777", "product_amount": "6.5"}).json
    assert (retried["status"], retried["worksheet"], retried["product_nr"], retried["product_amount"]) == (
        "placed", "777", "10", "6.5")
    assert bennys.history("a")[-1]["changes"] == {"worksheet": ["558", "777"], "product_amount": ["5", "6.5"]}
    assert [entry["by"] for entry in bennys.history("a")] == [{"who": "anonymous", "via": "token"}] * 3
    for body, code in ((None, "missing_fields"), ({}, "missing_fields"), ({"note": " \t\n"}, "missing_fields"),
                       ({"note": 7}, "invalid_fields"), ({"note": "x" * 1025}, "invalid_fields"),
                       ({"note": "x", "by": "me"}, "invalid_fields")):
        reply = bennys.put("/orders/b/resolve", body)
        assert (reply.status, reply.json["code"]) == (400, code), body
    assert bennys.state("b")["status"] == "error"
    resolved = bennys.put("/orders/b/resolve", {"note": "typed in by hand"}).json
    assert resolved["status"] == "created"
    assert bennys.history("b")[-1]["note"] == "typed in by hand"
    for target in ("/orders/a/retry", "/orders/b/resolve"):
        reply = bennys.put(target)
        assert (reply.status, reply.json["code"]) == (409, "not_in_error")
    assert bennys.put("/orders/nix/retry").status == 404 and bennys.put("/orders/nix/resolve").status == 404
    assert bennys.put("/orders/c/retry", {"product_amount": "0"}).json["fields"] == ["product_amount"]
    bennys.put("/start_worker")
    assert bennys.wait("a", "created")["product_amount"] == "6.5"
    assert bennys.state("c")["status"] == "error"


def test_one_worksheet_keeps_its_order(bennys):
    stop_worker(bennys)
    for number in range(5):
        bennys.place(f"w{number}", worksheet="same")
    bennys.put("/start_worker")
    until(lambda: bennys.get("/queue").json["length"] == 0, "the queue is empty")
    created = [bennys.history(f"w{number}")[-1]["at"] for number in range(5)]
    assert created == sorted(created)


def test_a_missing_folder_is_retried(bennys):
    moved = bennys.lines.rename(bennys.lines.with_name("away"))
    bennys.place("later")
    waiting = until(lambda: bennys.state("later")["reason_code"] and bennys.state("later"), "a reason")
    assert waiting["status"] in ("placed", "processing") and waiting["attempts"] >= 1
    moved.rename(bennys.lines)
    bennys.wait("later", "created")


def test_an_order_is_given_up_after_its_time(daemon):
    bennys = daemon.add_file(retry={"first_s": 0.02, "max_s": 0.1, "give_up_after_s": 0.5})
    daemon.start()
    bennys.lines.rename(bennys.lines.with_name("away"))
    bennys.place("tried")
    order = bennys.wait("tried", "error")
    assert order["reason_code"] == "attempts_exhausted" and "erp_unreachable" in order["reason_text"]
    history = bennys.history("tried")
    assert order["attempts"] > 1 and len(history) == 1 + 2 * order["attempts"]
    assert all(entry["duration_ms"] is not None for entry in history[2::2])


def test_one_order_that_always_fails_holds_up_no_other(bennys):
    (bennys.lines / "poison.json").mkdir()
    bennys.place("poison", worksheet="1")
    until(lambda: bennys.state("poison")["attempts"] >= 8, "it was tried often")
    assert bennys.get("/alive").json["worker"] == "running"
    for number in range(20):
        bennys.place(f"sound-{number}", worksheet=str(2 + number % 5))
    for number in range(20):
        bennys.wait(f"sound-{number}", "created")
    assert (bennys.state("poison")["status"], bennys.state("poison")["reason_code"]) != ("created", None)
    (bennys.lines / "poison.json").rmdir()
    bennys.wait("poison", "created")


def test_ids_that_are_hard_to_write(bennys):
    ids = ["../../etc/passwd", ".hidden", "a/b", "å ß 漢字", "x" * 128, "%41", "'; DROP --", "con.json"]
    for uniqueid in ids:
        bennys.place(uniqueid)
    for uniqueid in ids:
        bennys.wait(uniqueid, "created")
        assert len(bennys.history(uniqueid)) == 3
    assert sorted(json.loads(path.read_text())["uniqueid"] for path in bennys.lines.iterdir()) == sorted(ids)


def test_a_long_queue_leaves_the_api_awake(bennys):
    stop_worker(bennys)
    post_in_parallel(bennys, 3000, 8)
    bennys.put("/start_worker")
    alive = bennys.get("/alive").json["orders"]
    assert alive["created"] < 3000, "the worker was asked while it worked"
    stop_worker(bennys)
    until(lambda: not bennys.get("/alive").json["orders"]["processing"], "the orders in hand are finished")
    assert bennys.get("/alive").json["orders"]["placed"] > 0


def test_clearing_a_long_queue(bennys):
    stop_worker(bennys)
    post_many(bennys, range(1200))
    assert bennys.put("/clear_queue").json == {"workshop": "Bennys Auto", "cleared": 1200, "processing": 0}
    assert bennys.get("/alive").json["orders"]["error"] == 1200


def test_keep_alive_and_pipelining(bennys):
    request = b"GET /alive HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", bennys.port), timeout=DEADLINE_S) as connection:
        connection.sendall(request * 3)
        received = b""
        while received.count(b'"api":"running"') < 3:
            received += connection.recv(65536)
    assert received.count(b"HTTP/1.1 200") == 3


def test_a_client_that_leaves_loses_nothing(bennys):
    body = json.dumps(bennys.order("gone")).encode()
    with socket.create_connection(("127.0.0.1", bennys.port)) as connection:
        connection.sendall(b"POST /create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(body) + body)
    until(lambda: bennys.get("/get_order_status?uniqueid=gone").status == 200, "the order is there")


def test_call_helper_sends_what_it_says(bennys):
    connection = http.client.HTTPConnection("127.0.0.1", bennys.port, timeout=DEADLINE_S)
    assert call(connection, "HEAD", "/alive").text == ""
