"""Holds the replies of both APIs to their OpenAPI documents (conf/openapi/).

Every reply that pumpline.call() receives is noted here, and conftest.py fails the test whose replies the documents do not describe. A reply
may have no member that the documents lack, although clients must tolerate new ones.
"""

import functools
import re
from pathlib import Path
from urllib.parse import urlsplit

import fastjsonschema
import yaml

FOLDER = Path(__file__).parents[2] / "conf/openapi"
METHODS = ("get", "put", "post", "delete")
WORKSHOP, CONTROL = "workshop.yaml", "control.yaml"
FORWARDED = ("unknown_workshop", "not_running", "unresponsive", "bad_reply")  # also before the workshop's process sees the path
UNKNOWN_PATH = "(no such path)"
faults = []


@functools.cache
def document(name):
    return yaml.load((FOLDER / name).read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def resolve(name, reference):
    """(document, object) that a $ref in a document leads to."""
    file, _, pointer = reference.partition("#")
    name = file or name
    found = document(name)
    for part in pointer.strip("/").split("/"):
        found = found[part]
    return name, found


def merged(parts):
    """What allOf says, as one object: so that no other member is allowed."""
    return {"type": "object", "required": [one for part in parts for one in part.get("required", [])],
            "properties": {key: value for part in parts for key, value in part["properties"].items()}}


def closed(name, schema):
    """The schema without references, whose objects have the members named and no other."""
    if "$ref" in schema:
        return closed(*resolve(name, schema["$ref"]))
    if "allOf" in schema:
        return closed(name, merged([closed(name, part) for part in schema["allOf"]]))
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {key: closed(name, value) for key, value in schema["properties"].items()}
        result.setdefault("additionalProperties", False)
    if isinstance(schema.get("items"), dict):
        result["items"] = closed(name, schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = closed(name, schema["additionalProperties"])
    if all("const" in one for one in schema.get("oneOf", [{}])):
        result["enum"] = [one["const"] for one in result.pop("oneOf")]  # the same, a hundred times as fast
    elif "oneOf" in schema:
        result["oneOf"] = [closed(name, one) for one in schema["oneOf"]]
    return result


@functools.cache
def compiled(name, reference):
    """A function that raises fastjsonschema.JsonSchemaException."""
    return fastjsonschema.compile({"$schema": "http://json-schema.org/draft-07/schema#", **closed(name, {"$ref": reference})})


@functools.cache
def codes():
    """{code: its statuses}"""
    return {one["const"]: set(one["x-status"]) for one in document("common.yaml")["schemas"]["Code"]["oneOf"]}


@functools.cache
def codes_of(name, template, method):
    """Which this call may be answered with."""
    any_call = {one["const"] for one in document("common.yaml")["schemas"]["Code"]["oneOf"] if one.get("x-any")}
    return any_call | set(document(name)["paths"][template][method].get("x-codes", ()) if template else FORWARDED if name == CONTROL else ())


@functools.cache
def operations(name):
    """{(method, pattern, template)}; a literal segment goes before a parameter."""
    found = [(method, re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path))), path)
             for path, item in document(name)["paths"].items() for method in METHODS if method in item]
    return sorted(found, key=lambda one: one[2].count("{"))


@functools.lru_cache(10000)
def template_of(name, method, path):
    """None: the document has no such path, or not with this method."""
    return next((template for its, pattern, template in operations(name) if its == method and pattern.fullmatch(path)), None)


@functools.cache
def expected(name, template, method, status, media):
    """(how its body is checked, None: not), or None: the document has no such reply."""
    if template is None:  # also refused before any path is looked at
        ok = status >= 400 and media == "application/problem+json"
        return (compiled("common.yaml", "#/schemas/Problem"),) if ok else None
    response = document(name)["paths"][template][method]["responses"].get(str(status), {})
    if "$ref" in response:
        name, response = resolve(name, response["$ref"])
    content = response.get("content", {}).get(media)
    if content is None:
        return None
    return (compiled(name, content["schema"]["$ref"]) if "$ref" in content["schema"] else None,)


def fault_of(name, method, path, reply):
    """What is wrong with it; None: nothing. method: in lower case."""
    template = template_of(name, "get" if method == "head" else method, path)
    found = expected(name, template, "get" if method == "head" else method, reply.status, reply.type)
    if found is None:
        return f"{name} lacks {reply.status} {reply.type} of {template or UNKNOWN_PATH}"
    if reply.type == "application/problem+json" and method != "head":
        code = reply.json["code"]
        if reply.status not in codes().get(code, ()):
            return f"common.yaml lacks the code {code} with status {reply.status}"
        if code not in codes_of(name, template, "get" if method == "head" else method):
            return f"{name} lacks the code {code} of {template or UNKNOWN_PATH}"
    if found[0] and method != "head":
        try:
            found[0](reply.json)
        except fastjsonschema.JsonSchemaException as error:
            return f"{error.message}: {reply.text[:600]}"
    return None


def note(name, method, target, reply):
    """name: WORKSHOP or CONTROL."""
    path = target.partition("?")[0] if target.startswith("/") else urlsplit(target).path
    try:
        fault = fault_of(name, method.lower(), path, reply)
    except (ValueError, KeyError, TypeError) as error:
        fault = f"no document: {error}"
    if fault:
        faults.append(f"{method} {target[:200]}, {reply.status}: {fault}")
