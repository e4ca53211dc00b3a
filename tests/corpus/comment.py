"""Adds a comment behind every line of YAML files that has room for one.

Reads one file a line on standard input, in base64, and writes it with its comments, in
base64. There is no room within a scalar, behind a comment, and on an empty line. PyYAML
must see the same events with and without the comments, or it fails.
"""

import base64
import sys

import yaml

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NOTE = " # note: 'x' {y} - z"


def taken(text):
    """The lines, from 0, that end within a scalar or hold the head of a block scalar."""
    lines = set()
    for token in yaml.scan(text, Loader):
        if isinstance(token, yaml.ScalarToken):
            first, last = token.start_mark.line, token.end_mark.line
            # A block's end is at the start of what follows it.
            lines.update(range(first, last))
    return lines


def commented(text):
    busy = taken(text)
    # Only \\n ends a line here: a lone \\r or U+2028 is for the parser to judge.
    lines = text.split("\n")
    for number, line in enumerate(lines):
        body = line.removesuffix("\r")
        plain = body.strip() and "#" not in body and not body.startswith(("%", "---", "..."))
        if plain and number not in busy:
            lines[number] = body.rstrip() + NOTE + line[len(body):]
    return "\n".join(lines)


def events(text):
    return [
        (type(event), getattr(event, "value", None), getattr(event, "tag", None))
        for event in yaml.parse(text, Loader)
    ]


for line in sys.stdin:
    before = base64.b64decode(line)
    try:
        text = before.decode()
        after = commented(text)
        same = events(text) == events(after)
    except (yaml.YAMLError, UnicodeDecodeError):
        after, same = before.decode(errors="replace"), True
    if not same:
        sys.exit("a comment changed what the file means")
    print(base64.b64encode(after.encode()).decode(), flush=True)
