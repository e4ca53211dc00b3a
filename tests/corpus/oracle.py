"""Rereads edited compose files with PyYAML and judges them.

Reads one job a line on standard input, JSON: {"name", "old", "new" (base64), "tag",
"repositories", "prefix", "suffix", "offset", "changes"}; writes one verdict a line, JSON: {"name", "fault"},
where fault is null if the new text differs from the old in just what was asked for.
"""

import base64
import difflib
import json
import sys

import yaml


class Tagged:
    def __init__(self, tag, value):
        self.pair = (tag, value)

    def __eq__(self, other):
        return isinstance(other, Tagged) and self.pair == other.pair


# The C loader breaks lines as the Python one does, an order of magnitude faster.
class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    pass


def tagged(loader, suffix, node):
    if isinstance(node, yaml.MappingNode):
        return Tagged(suffix, loader.construct_mapping(node, deep=True))
    if isinstance(node, yaml.SequenceNode):
        return Tagged(suffix, loader.construct_sequence(node, deep=True))
    return Tagged(suffix, loader.construct_scalar(node))


Loader.add_multi_constructor("!", tagged)
# Every plain scalar but a null is kept as its text: what it means is not at stake here.
Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag.endswith((":null", ":merge"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(data):
    return [unshared(document) for document in yaml.load_all(data, Loader)]


def unshared(data):
    """A copy in which an alias is no longer the same object as its anchor."""
    if isinstance(data, dict):
        return {key: unshared(value) for key, value in data.items()}
    if isinstance(data, list):
        return [unshared(item) for item in data]
    return data


def name_of(image):
    image = image.split("@")[0]
    head, slash, tail = image.rpartition("/")
    return head + slash + tail.split(":")[0]


def expect_images(document, job, asked):
    for key, service in (document.get("services") or {}).items():
        if not isinstance(service, dict) or not isinstance(service.get("image"), str):
            continue
        image = service["image"]
        if key in asked:
            literal = "$" not in image
            wanted = name_of(image.strip()) + ":" + job["tag"]
            if literal and asked[key].strip() != wanted:
                return f"image of {key} became {asked[key]}, not {wanted}"
            service["image"] = asked[key]
        elif name_of(image) in job["repositories"] and not image.endswith(":" + job["tag"]):
            return f"image of {key} stayed {image}"
    return None


def services(document):
    section = document.get("services") or {}
    return [(key, service) for key, service in section.items() if isinstance(service, dict)]


def expect_ports(document, job):
    """What is written plainly is computed here; of what has variables, the changes are asked."""
    changes = {}
    for change in job["changes"]:
        if change["key"][2:3] == ["ports"]:
            for service in [change["key"][1], *change["affects"]]:
                changes[service, change["from"]] = change["to"]
    for key, service in services(document):
        ports = service.get("ports")
        for index, port in enumerate(ports if isinstance(ports, list) else []):
            if isinstance(port, str):
                ports[index] = moved(port, job["offset"], changes.get((key, port), port))
            elif isinstance(port, dict) and isinstance(port.get("published"), str):
                host = port["published"]
                port["published"] = moved_host(host, job["offset"], changes.get((key, host), host))


def moved(port, offset, asked):
    if "$" in port:
        return asked
    body, slash, protocol = port.partition("/")
    head, colon, container = body.rpartition(":")
    address, second, host = head.rpartition(":")
    if not host:
        return port
    return address + second + moved_host(host, offset, host) + colon + container + slash + protocol


def moved_host(host, offset, asked):
    if "$" in host:
        return asked
    return "-".join(str(int(end) + offset) for end in host.split("-"))


def expect_container_names(document, job):
    for _, service in services(document):
        name = service.get("container_name")
        if isinstance(name, str) and not name.endswith(job["suffix"]):
            service["container_name"] = name + job["suffix"]


def expect_volumes(document, job):
    for key, volume in (document.get("volumes") or {}).items():
        if volume is None:
            document["volumes"][key] = {"name": job["prefix"] + key}
        elif isinstance(volume, dict) and not external(volume):
            document["volumes"][key] = dict(volume, name=job["prefix"] + key)


def external(volume):
    value = volume.get("external")
    return isinstance(value, dict) or value in ("true", "True", "yes", "on")


def lines_fault(old, new, changes):
    old, new = old.split(b"\n"), new.split(b"\n")
    changed = 0
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if kind == "delete":
            return f"line {a + 1} is gone"
        if kind == "replace" and (b - a) > (d - c):
            return f"lines are gone at {a + 1}"
        if kind != "equal":
            changed += d - c
    return f"{changed} lines differ for {changes} changes" if changed > changes else None


def judge(job):
    old, new = (base64.b64decode(job[side]) for side in ("old", "new"))
    try:
        expected = load(old)
    except yaml.YAMLError:
        return "PyYAML can't read the original"
    got = load(new)
    asked = {}
    for change in job["changes"]:
        if change["key"][0] == "services" and change["key"][-1] == "image":
            for service in [change["key"][1], *change["affects"]]:
                asked[service] = change["to"]
    for document in expected:
        if isinstance(document, dict):
            fault = expect_images(document, job, asked)
            if fault:
                return fault
            expect_volumes(document, job)
            expect_ports(document, job)
            expect_container_names(document, job)
            for key in [key for key in document if key.startswith("x-")]:
                del document[key]
    for document in got:
        if isinstance(document, dict):
            for key in [key for key in document if key.startswith("x-")]:
                del document[key]
    if got != expected:
        return "the data is not what was expected"
    # A bare key at the end of a file gains its line break with its name.
    return lines_fault(old, new, len(job["changes"]) * 2)


for line in sys.stdin:
    job = json.loads(line)
    try:
        fault = judge(job)
    except Exception as error:  # the verdict says which file it was
        fault = f"{type(error).__name__}: {error}"
    print(json.dumps({"name": job["name"], "fault": fault}), flush=True)
