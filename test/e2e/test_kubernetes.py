"""conf/kubernetes: the pod's command, configuration and mounts are what pumpline-worker takes."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from pumpline import BUILD, DEADLINE_S, Workshop, as_the_unit, free_port, until

FILE = Path(__file__).parents[2] / "conf/kubernetes/bennys-auto.yaml"


@pytest.fixture(scope="module")
def parts():
    return {one["kind"]: one for one in yaml.safe_load_all(FILE.read_text())}


def test_its_parts_name_each_other(parts):
    """And no second pod can have the queue."""
    assert sorted(parts) == ["ConfigMap", "Service", "StatefulSet"]
    assert [parts[kind]["apiVersion"] for kind in sorted(parts)] == ["v1", "v1", "apps/v1"]
    spec, service = parts["StatefulSet"]["spec"], parts["Service"]
    pod = spec["template"]["spec"]
    (worker,) = pod["containers"]
    (claim,) = spec["volumeClaimTemplates"]
    assert spec["replicas"] == 1 and claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    labels = spec["template"]["metadata"]["labels"]
    assert labels == spec["selector"]["matchLabels"] == service["spec"]["selector"]
    assert spec["serviceName"] == service["metadata"]["name"] == worker["command"][2]
    (port,) = worker["ports"]
    assert worker["readinessProbe"]["tcpSocket"]["port"] == service["spec"]["ports"][0]["targetPort"] == port["name"]
    assert int(worker["command"][1]) == port["containerPort"] == service["spec"]["ports"][0]["port"] < 32768
    volumes = {one["name"] for one in pod["volumes"]} | {claim["metadata"]["name"]}
    assert {one["name"] for one in worker["volumeMounts"]} == volumes
    assert [one["configMap"]["name"] for one in pod["volumes"] if "configMap" in one] == [parts["ConfigMap"]["metadata"]["name"]]


def test_its_command_serves_what_it_mounts(parts, daemon):
    """Its paths below the test's folder; its capabilities, if root."""
    (worker,) = parts["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    paths = {mount["mountPath"] for mount in worker["volumeMounts"]}
    document = json.loads(parts["ConfigMap"]["data"]["pumpline.json"])
    assert {str(Path(document["key_file"]).parent), document["state_dir"], document["workshops_dir"]} < paths
    root = daemon.folder / "root"
    for name in ("state_dir", "workshops_dir"):
        (root / document[name][1:]).mkdir(parents=True)
    config = root / worker["command"][4][1:]
    config.write_text(json.dumps({name: str(root) + path for name, path in document.items()}))
    key = root / document["key_file"][1:]
    key.parent.mkdir()
    key.write_bytes(os.urandom(32))
    key.chmod(0o400)
    shop = daemon.add_file()
    (daemon.folder / "workshops.d/bennys-auto.json").rename(root / document["workshops_dir"][1:] / "bennys-auto.json")
    port = free_port()
    added = ",".join(["-all"] + ["+" + name.lower() for name in worker["securityContext"]["capabilities"]["add"]])
    rights = ["setpriv", "--inh-caps=-all", f"--bounding-set={added}", "--no-new-privs"] if as_the_unit() else []
    program = BUILD / Path(worker["command"][0]).name
    process = subprocess.Popen([*rights, program, str(port), *worker["command"][2:4], config])
    try:
        pod = Workshop(shop.name, port)
        until(pod.up, "it serves")
        pod.place("a")
        pod.wait("a", "created")
        assert (root / "var/lib/pumpline/queues/bennys-auto/data.mdb").exists()
    finally:
        process.terminate()
        assert process.wait(DEADLINE_S) == 0
