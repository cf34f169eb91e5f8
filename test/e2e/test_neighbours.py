"""Two workshops that write to the same place: no order is reported created with the other workshop's line."""

import json

import pytest

from pumpline import SECRET, Daemon, free_port, until
from test_drain import SlowErp


def document(name, folder, **more):
    return {"workshop": name, "listen": f"127.0.0.1:{free_port()}", "erp": {"system": "file", "folder": str(folder), "format": "json",
                                                                             **more}}


@pytest.fixture
def erp(tmp_path):
    one = SlowErp(tmp_path / "erp")
    yield one
    one.end()


@pytest.fixture
def second(tmp_path):
    one = Daemon(tmp_path / "second")
    yield one
    if one.process:
        one.kill()


def test_a_shared_folder_is_refused_by_name(daemon):
    bennys = daemon.add_file()
    link = daemon.folder / "link"
    link.symlink_to(bennys.lines)
    carls = daemon.folder / "workshops.d" / "carls-cars.json"
    carls.write_text(json.dumps(document("Carls Cars", link)))
    daemon.start()
    assert daemon.integration()["process"] == "running"
    one = daemon.integration("carls-cars")
    assert one["process"] == "failed"
    (fault,) = one["faults"]
    assert fault["pointer"] == "/erp/folder" and "bennys-auto" in fault["detail"] and fault["file"] == str(carls)
    bennys.place("u-1")
    bennys.wait("u-1", "created")
    for folder in (bennys.lines, link, f"{daemon.folder}//lines-bennys-auto/", f"{daemon.folder}/workshops.d/../lines-bennys-auto"):
        reply = daemon.call("PUT", "/workshops/dans-diesel", document("Dans Diesel", folder))
        assert reply.status == 400
        assert ["/erp/folder"] == [fault["pointer"] for fault in reply.json["faults"]]
        carls.write_text(json.dumps(document("Carls Cars", folder)))
        reply = daemon.call("PUT", "/reload")
        assert reply.status == 400 and "bennys-auto" in reply.text
    own = daemon.folder / "own"
    own.mkdir()
    carls.write_text(json.dumps(document("Carls Cars", own)))
    assert daemon.call("PUT", "/reload").status == 200
    until(lambda: daemon.integration("carls-cars")["process"] == "running", "it has a folder of its own")


def test_two_daemons_do_not_share_a_folder_either(daemon, second):
    bennys = daemon.add_file(erp={"columns": ["uniqueid", "worksheet", "product_nr", "product_amount"]})
    link = second.folder / "link"
    link.symlink_to(bennys.lines)
    carls = second.add("carls-cars", "Carls Cars", {"system": "file", "folder": str(link), "format": "json"})
    daemon.start()
    second.start_only()
    told = f"another process already serves this workshop or delivers to {link}: stop it, or give each workshop its own folder"
    until(lambda: told in second.log.read_text(), "it is refused")
    assert second.integration("carls-cars")["process"] != "running"
    bennys.place("u-1")
    bennys.wait("u-1", "created")
    daemon.stop()
    until(carls.up, "the folder is free")


def test_another_workshops_file_is_not_taken_for_the_orders_own(daemon, second):
    """One after the other."""
    bennys = daemon.add_file()
    daemon.start()
    bennys.place("u-1")
    bennys.wait("u-1", "created")
    daemon.stop()
    carls = second.add("carls-cars", "Carls Cars", {"system": "file", "folder": str(bennys.lines), "format": "json"})
    second.start()
    carls.place("u-1")
    order = carls.wait("u-1", "error")
    assert order["reason_code"] == "erp_rejected" and "u-1.json" in order["reason_text"]
    (file,) = bennys.lines.glob("[!.]*")
    assert json.loads(file.read_text())["workshop"] == "Bennys Auto"


def test_one_erp_for_two(daemon, erp):
    """Valid set-up, but a line that existed before anything was sent may not be ours."""
    bennys = daemon.add("bennys-auto", "Bennys Auto", {"system": "tryton", "url": erp.url})
    daemon.start()
    bennys.place("u-1")
    assert bennys.wait("u-1", "created")["erp_reference"] == "1"
    pid = daemon.worker_pid()
    made = {"workshop": "Carls Cars", "listen": f"127.0.0.1:{free_port()}", "erp": {"system": "tryton", "url": erp.url},
            "retry": {"first_s": 0.05, "max_s": 1, "give_up_after_s": 3600}}
    assert daemon.call("PUT", "/workshops/carls-cars", made).status == 200
    until(lambda: daemon.integration()["process"] == "running" and daemon.worker_pid() != pid, "Bennys is told of it")
    carls = type(bennys)("Carls Cars", int(made["listen"].rsplit(":", 1)[1]))
    until(carls.up, "it answers")
    carls.place("u-1")
    order = carls.wait("u-1", "error")
    assert order["reason_code"] == "outcome_unknown" and order["erp_reference"] is None
    assert "line 1 " in order["reason_text"] and '"Bennys Auto"' in order["reason_text"]
    assert erp.notes() == ["u-1"]
    carls.place("u-2", worksheet="559")
    carls.wait("u-2", "created")
    bennys.place("u-2", worksheet="559")
    assert bennys.wait("u-2", "error")["reason_code"] == "outcome_unknown"
    bennys.place("u-3")
    bennys.wait("u-3", "created")
    assert carls.put("/orders/u-1/resolve", {"note": "entered by hand"}).status == 200
    # Without the neighbour, it recognises its own line.
    assert daemon.call("DELETE", "/workshops/carls-cars?force=true").status == 200
    pid = daemon.worker_pid()
    until(lambda: daemon.integration()["process"] == "running", "it runs")
    assert bennys.put("/orders/u-2/retry").status == 200
    assert bennys.wait("u-2", "created")["erp_reference"] == "2"
    assert erp.notes() == ["u-1", "u-2", "u-3"] and SECRET not in daemon.log.read_text()
