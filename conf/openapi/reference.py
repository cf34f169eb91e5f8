#!/usr/bin/python3
"""Makes the reference that people read from the OpenAPI documents beside this file: pumpline-api(7), or one HTML page that needs nothing else.

    reference.py man|html > FILE
"""

import html
import json
import re
import sys
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent
METHODS = ("get", "put", "post", "delete")
FORWARDED = "/workshops/{workshop}"
DATE = "November 29, 2026"
CALLBACKS = """With `callback` in a workshop's configuration, each order that becomes `created` or `error` is posted to its URL, with the order \
object as body: at least once, in order per worksheet, until a 2xx comes. `webhook-id`, `webhook-timestamp` and `webhook-signature` sign it as \
Standard Webhooks says."""
ORDERS = """An order is `placed`, then `processing`, then `created` or `error`. One that will be tried again is `placed`, with `attempts`, \
`next_attempt_at` and the last reason. Repeat `POST /create` with the same `uniqueid` as often as you like: nothing is placed twice."""


def document(name):
    return yaml.safe_load((FOLDER / name).read_text())


COMMON, WORKSHOP, CONTROL = document("common.yaml"), document("workshop.yaml"), document("control.yaml")
CODES = COMMON["schemas"]["Code"]["oneOf"]
CODES_SAID = COMMON["schemas"]["Code"]["description"].replace("`x-any` marks", "A star marks")
REASONS_SAID = """Why an order has no line, or not yet: `reason_code`. A code keeps its meaning between versions; new ones may be added."""
DONE_ABOUT_IT = {
    "REJECT": "The order ends in `error`.",
    "RETRY": "The order is tried again, at growing intervals; several of these in a row park the worker.",
    "WAIT": "The order is tried again, patiently; the worker is not parked.",
    "PARK": "The worker parks itself; an order with credentials of its own ends in `error`.",
    "LOG_IN": "The worker logs in again and goes on; no order ends with it.",
}
HOLD = "With `hold` in the workshop's configuration it waits first."
HELD = {"worksheet_not_found", "worksheet_closed"}


def reasons():
    """[(code, meaning, what the worker does)]: the program's own table."""
    order = FOLDER.parents[1] / "common/order"
    codes = dict(re.findall(r'#define (REASON_\w+) "(\w+)"', (order / "reason.h").read_text()))
    rows = re.findall(r'\{(REASON_\w+),\s*"([^"]+)",\s*REASON_(\w+)', (order / "reason.c").read_text())
    return [(codes[name], meaning, DONE_ABOUT_IT[action] + (f" {HOLD}" if codes[name] in HELD else "")) for name, meaning, action in rows]


def named(reference):
    """What a $ref leads to: all of them end in common.yaml."""
    found = COMMON
    for part in reference.partition("#")[2].strip("/").split("/"):
        found = found[part]
    return found


def followed(thing):
    return named(thing["$ref"]) if "$ref" in thing else thing


def name_of(schema):
    """Of the object that has a section of its own; None: it is described where it stands."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return name if name in dict(objects()) else None


def type_of(schema):
    """(text, name of the object it is about or None)"""
    if name_of(schema):
        return "object", name_of(schema)
    schema = followed(schema)
    if "const" in schema:
        return json.dumps(schema["const"]), None
    if "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema["enum"]), None
    if schema is COMMON["schemas"]["Code"]:
        return "a code", None
    if "oneOf" in schema:
        return " | ".join(type_of(one)[0] for one in schema["oneOf"]), None
    kinds = schema.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if schema.get("format") == "date-time":
        kinds = ["time" if kind == "string" else kind for kind in kinds]
    if "array" in kinds and "items" in schema:
        text, name = type_of(schema["items"])
        return " | ".join(f"array of {text}" if kind == "array" else kind for kind in kinds), name
    return " | ".join(kinds), None


def parts_of(schema):
    """The objects that allOf joins, or the one that it is."""
    return [part for one in schema["allOf"] for part in parts_of(followed(one))] if "allOf" in schema else [schema]


def members(schema, within=""):
    """[(name, type, name of its object, required, description)], with those of nested objects."""
    rows = []
    for part in parts_of(followed(schema)):
        for name, one in part.get("properties", {}).items():
            text, about = type_of(one)
            seen = followed(one)
            said = "" if about else "One of the error codes below." if seen is COMMON["schemas"]["Code"] else seen.get("description", "")
            rows.append((within + name, text, about, name in part.get("required", []), one.get("description") or said))
            inner = seen.get("items", seen)
            if not about and "$ref" not in inner and "properties" in inner:
                rows += members(inner, within + name + ("[]." if "items" in seen else "."))
    return rows


def operations(spec):
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def is_forwarded(path):
    return path.startswith(FORWARDED) and path.removeprefix(FORWARDED) in WORKSHOP["paths"]


def own_operations(spec):
    """Without those that the control socket hands on to a workshop."""
    return [one for one in operations(spec) if spec is WORKSHOP or not (is_forwarded(one[1]) and one[2]["operationId"].startswith("workshop"))]


def parameters(operation):
    return [followed(one) for one in operation.get("parameters", [])]


def limits_of(schema):
    """In words: the range and the default of a parameter."""
    schema = followed(schema)
    limits = [f"{schema['minimum']} to {schema['maximum']}"] if "maximum" in schema else []
    limits += [f"default {schema['default']}"] if "default" in schema else []
    return f"{', '.join(limits)}. ".capitalize() if limits else ""


def body_of(operation):
    """(schema or None, whether it is required)"""
    body = operation.get("requestBody")
    return (body["content"]["application/json"]["schema"], body["required"]) if body else (None, False)


def replies(operation):
    """[(status, media type, schema)] of success."""
    return [(status, media, content["schema"]) for status, reply in operation["responses"].items() if status < "300"
            for media, content in reply["content"].items()]


def statuses_of(code):
    return ", ".join(str(status) for status in code["x-status"])


def curl(spec, method, path, operation):
    """The command that makes this call."""
    target = path
    for one in parameters(operation):
        if one["in"] == "path":
            target = target.replace("{%s}" % one["name"], {"workshop": "bennys-auto", "worksheet": "558"}.get(one["name"], one["name"].upper()))
    query = "&".join(f"{one['name']}={one['name'].upper()}" for one in parameters(operation) if one["in"] == "query" and one.get("required"))
    url = ("http://127.0.0.1:8101" if spec is WORKSHOP else "http://pumpline") + target + (f"?{query}" if query else "")
    words = ["curl"] + ([] if method == "GET" else ["-X", method]) + ([] if spec is WORKSHOP else ["--unix-socket /run/pumpline/control.sock"])
    words.append(f"'{url}'" if query else url)
    schema, _ = body_of(operation)
    example = followed(schema).get("example") if schema else None
    if example is not None:
        words += ["-H 'Content-Type: application/json'", "-d '" + json.dumps(example, ensure_ascii=False) + "'"]
    return " ".join(words)


# --- HTML

STYLE = """:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:auto;padding:1rem}
h2{border-bottom:1px solid;margin-top:3rem}h3{margin-top:2.2rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.15rem .8rem .15rem 0;border-bottom:1px solid #8884}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#8882;padding:.6rem;overflow-x:auto}
nav td:first-child,.method{font-weight:bold}a{color:inherit}.faint{opacity:.7}"""


def marked(text):
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text, quote=False))


def link(name):
    return f'<a href="#{name}">{name}</a>'


def shown_type(text, about):
    return html.escape(text, quote=False).replace("object", link(about), 1) if about else html.escape(text, quote=False)


def table(head, rows):
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return "<table><tr>" + "".join(f"<th>{one}</th>" for one in head) + f"</tr>\n{lines}</table>\n"


def html_members(schema):
    return table(("Member", "Type", ""), [
        (f"<code>{name}</code>" + ("" if required else ' <span class="faint">optional</span>'), shown_type(text, about), marked(description))
        for name, text, about, required, description in members(schema)])


def html_operation(spec, method, path, operation):
    out = [f'<h3 id="{operation["operationId"]}"><span class="method">{method}</span> <code>{path}</code></h3>\n',
           f'<p>{marked(operation["summary"])}. {marked(operation.get("description", ""))}</p>\n']
    given = [(f"<code>{one['name']}</code>", one["in"] + (", required" if one.get("required") else ""),
              html.escape(type_of(one["schema"])[0], quote=False), marked(limits_of(one["schema"]) + one.get("description", "")))
             for one in parameters(operation)]
    if given:
        out.append(table(("Parameter", "In", "Type", ""), given))
    schema, required = body_of(operation)
    if schema:
        text, about = type_of(schema)
        out.append(f"<p>Body{'' if required else ' (optional)'}: {shown_type(text, about)}. {marked(followed(schema).get('description', ''))}</p>\n")
    out.append(f"<pre>{html.escape(curl(spec, method, path, operation), quote=False)}</pre>\n<ul>\n")
    for status, media, schema in replies(operation):
        what = shown_type(*type_of(schema)) if media.endswith("json") else media
        out.append(f"<li>{status}: {what}</li>\n")
    for code in CODES:
        if code["const"] in operation.get("x-codes", []):
            out.append(f'<li>{statuses_of(code)}: <a href="#code-{code["const"]}"><code>{code["const"]}</code></a></li>\n')
    return "".join([*out, "</ul>\n"])


def html_api(spec):
    out = [f'<h2 id="{spec["info"]["title"].split()[1]}-api">{spec["info"]["title"]}</h2>\n<p>{marked(spec["info"]["description"])}</p>\n']
    out += [html_operation(spec, *one) for one in own_operations(spec)]
    if spec is CONTROL:
        rows = [(method, f"<code>{path}</code>", f'<a href="#{operation["operationId"]}">{marked(operation["summary"])}</a>')
                for method, path, operation in operations(WORKSHOP)]
        out.append(f"<h3 id=\"forwarded\">The calls of a workshop</h3>\n<p>Each of these also works on the control socket, below "
                   f"<code>{FORWARDED}</code>, without a token: same method, same reply. It may besides be 404 <code>unknown_workshop</code>, "
                   "502 <code>bad_reply</code>, 503 <code>not_running</code> or 504 <code>unresponsive</code>.</p>\n" + table(("", "", ""), rows))
    return "".join(out)


def html_contents():
    out = []
    for spec in (WORKSHOP, CONTROL):
        rows = [(method, f'<a href="#{operation["operationId"]}"><code>{path}</code></a>', marked(operation["summary"]))
                for method, path, operation in own_operations(spec)]
        title = spec["info"]["title"]
        out.append(f'<p><a href="#{title.split()[1]}-api">{title}</a></p>\n' + table(("", "", ""), rows))
    return f'<nav>\n{"".join(out)}<p><a href="#errors">Errors</a>, <a href="#reasons">reason codes</a>, <a href="#objects">objects</a></p>\n</nav>\n'


def html_object(name, schema):
    out = [f'<h3 id="{name}">{name}</h3>\n<p>{marked(schema.get("description", ""))}</p>\n']
    if "oneOf" in schema:
        ones = [(link(name_of(one)) if name_of(one) else html_members(one)) for one in schema["oneOf"]]
        out.append("<p>One of:</p>\n" + "<p>or</p>\n".join(ones))
    else:
        out.append(html_members(schema))
    if "example" in schema:
        out.append(f"<pre>{html.escape(json.dumps(schema['example'], indent=1, ensure_ascii=False), quote=False)}</pre>\n")
    return "".join(out)


def objects():
    return [(name, schema) for name, schema in sorted(COMMON["schemas"].items())
            if {"properties", "allOf", "oneOf"} & set(schema) and name != "Code"]


def html_reasons():
    rows = [(f'<code id="reason-{code}">{code}</code>', marked(f"{meaning} {action}")) for code, meaning, action in reasons()]
    return f'<h2 id="reasons">Reason codes</h2>\n<p>{marked(REASONS_SAID)}</p>\n' + table(("Code", ""), rows)


def write_html():
    codes = [(f'<code id="code-{one["const"]}">{one["const"]}</code>' + (" *" if one.get("x-any") else ""), statuses_of(one),
              marked(one["description"])) for one in CODES]
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Pumpline: reference of both APIs</title>\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{STYLE}</style>\n</head>\n<body>\n'
            f"<h1>Pumpline: reference of both APIs</h1>\n<p>{marked(ORDERS)}</p>\n<p>{marked(CALLBACKS)}</p>\n" + html_contents() +
            html_api(WORKSHOP) + html_api(CONTROL) + f'<h2 id="errors">Errors</h2>\n<p>{marked(CODES_SAID)} '
            f'The body is a {link("Problem")}.</p>\n' + table(("Code", "Status", ""), codes) + html_reasons() + '<h2 id="objects">Objects</h2>\n' +
            "".join(html_object(*one) for one in objects()) + "</body>\n</html>\n")


# --- the manual page


def roff(text):
    """Each sentence on a line of its own."""
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fP", text.replace("\\", "\\e"))
    text = re.sub(r"([\w)]\.) +(?=\S)", r"\1\n", text)
    return "\n".join(("\\&" if line.startswith((".", "'")) else "") + line for line in text.strip().splitlines() if line.strip())


def man_members(schema):
    out = [".Bl -tag -width Ds -compact\n"]
    for name, text, about, required, description in members(schema):
        shown = text.replace("object", about, 1) if about else text
        out.append(f".It Va {name}\n" + roff(f"{shown}{'' if required else ', optional'}. {description}") + "\n")
    return "".join([*out, ".El\n"]) if len(out) > 1 else ""


def man_parameters(given):
    rows = [f".It Va {one['name']}\n" + roff(f"{type_of(one['schema'])[0]}{', required' if one.get('required') else ''}. {limits_of(one['schema'])}"
                                           f"{one.get('description', '')}") + "\n" for one in given]
    return ["Parameters:\n.Bl -tag -width Ds -compact\n", *rows, ".El\n"] if rows else []


def man_operation(method, path, operation):
    out = [f".It Cm {method} Pa {path}\n", roff(f"{operation['summary']}. {operation.get('description', '')}") + "\n"]
    out += man_parameters([one for one in parameters(operation) if one["in"] != "path"])
    schema, required = body_of(operation)
    if schema:
        text, about = type_of(schema)
        out.append(roff(f"Body: {about or followed(schema).get('description', text)}{'' if required else ' (optional)'}.").replace("..", ".") + "\n")
    said = [f"{status} {type_of(schema)[1] or media}" for status, media, schema in replies(operation)]
    codes = [f"{statuses_of(one)} `{one['const']}`" for one in CODES if one["const"] in operation.get("x-codes", [])]
    return "".join([*out, roff("Replies: " + ", ".join(said + codes) + ".") + "\n"])


def man_api(spec):
    heading = spec["info"]["title"].removeprefix("Pumpline ").upper()
    out = [f".Sh {heading}\n", roff(spec["info"]["description"]) + "\n.Bl -tag -width Ds\n"]
    out += [man_operation(*one) for one in own_operations(spec)]
    return "".join([*out, ".El\n"])


def man_object(name, schema):
    out = [f".Ss {name}\n"] + ([roff(schema["description"]) + "\n"] if "description" in schema else [])
    if "oneOf" in schema:
        for at, one in enumerate(schema["oneOf"]):
            out.append((".Pp\nor\n" if at else "One of:\n") + (f"{name_of(one)}\n" if name_of(one) else man_members(one)))
    else:
        out.append(man_members(schema))
    return "".join(out)


def man_reasons():
    rows = "".join(f".It Cm {code}\n{roff(f'{meaning} {action}')}\n" for code, meaning, action in reasons())
    return f".Sh REASON CODES\n{roff(REASONS_SAID)}\n.Bl -tag -width Ds -compact\n{rows}.El\n"


MAN_HEAD = f""".Dd {DATE}
.Dt PUMPLINE-API 7
.Os Pumpline
.Sh NAME
.Nm pumpline-api
.Nd reference of Pumpline's two APIs
.Sh DESCRIPTION
"""
MAN_TAIL = """.Sh FILES
.Bl -tag -width Ds
.It Pa /usr/share/pumpline/openapi
The OpenAPI documents that this page is made from.
.It Pa /usr/share/doc/pumpline/api.html
The same in a browser.
.El
.Sh EXAMPLES
.Bd -literal
@EXAMPLES@
.Ed
.Sh SEE ALSO
.Xr pumplinectl 1 ,
.Xr pumpline.json 5 ,
.Xr pumplined 8
"""


def write_man():
    examples = [curl(WORKSHOP, *one) for one in operations(WORKSHOP) if one[2]["operationId"] in ("create", "getOrderStatus", "worksheet")]
    examples += [curl(CONTROL, *one) for one in operations(CONTROL) if one[2]["operationId"] in ("health", "start")]
    codes = "".join(f".It Cm {one['const']} Pq {statuses_of(one)}{' *' if one.get('x-any') else ''}\n{roff(one['description'])}\n" for one in CODES)
    forwarded = (f".Pp\nEach call of the workshop API also works on the control socket, below\n.Pa {FORWARDED} ,\nwithout a token: same method, "
                 "same reply.\n")
    return (MAN_HEAD + roff(ORDERS) + "\n.Pp\n" + roff(CALLBACKS) + "\n" + man_api(WORKSHOP) + man_api(CONTROL) + forwarded +
            ".Sh ERROR CODES\n" + roff(CODES_SAID) + "\n.Bl -tag -width Ds -compact\n" + codes + ".El\n" + man_reasons() + ".Sh OBJECTS\n" +
            "".join(man_object(*one) for one in objects()) + MAN_TAIL.replace("@EXAMPLES@", "\n".join(examples).replace("\\", "\\e")))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write({"man": write_man, "html": write_html}[sys.argv[1]]())
