"""Takes messages apart with Python's email package, for tests: a MIME reader that shares nothing with sealdrop.

Questions and answers are framed by a 4-octet length. A question is a message; the answer is JSON: its outer header fields and its leaf
parts in order. The header block of an enclosed message counts as a leaf of type message/rfc822.
"""

import email
import email.header
import hashlib
import json
import re
import struct
import sys

LINE_END = re.compile(rb"\r\r\n|\r\n|\r|\n")


def main():
    for question in iter(read_frame, None):
        write_frame(json.dumps(take_apart(question)).encode())


def take_apart(octets):
    # A byte order mark is no part of the mail, but would end its header here.
    message = email.message_from_bytes(octets.removeprefix(b"\xef\xbb\xbf"))
    return {"fields": [[name, decoded(value)] for name, value in message.raw_items()], "leaves": list(leaves(message, "1"))}


def leaves(part, path):
    """Paths count as in IMAP: 1, 1.2, 1.2.1."""
    children = part.get_payload() if part.is_multipart() else []
    if part.get_content_maintype() == "message" and children:
        for child in children:
            yield leaf(part, path, own_header(child))
            yield from leaves(child, path + ".1")
    elif children:
        for number, child in enumerate(children, 1):
            yield from leaves(child, path + "." + str(number))
    else:
        # A multipart without any part has text where parts should be: never undo an encoding there.
        content = part.get_payload(decode=True)
        yield leaf(part, path, content if content is not None else b"")


def leaf(part, path, content):
    in_lines = LINE_END.sub(b"\n", content)
    return {
        "path": path,
        "mediaType": part.get_content_type(),
        "charset": part.get_content_charset("") if part.get_content_maintype() == "text" else "",
        "fileName": part.get_filename() or "",
        "encoding": str(part.get("content-transfer-encoding", "7bit")).strip().lower(),
        "sizeBytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "sha256InLines": hashlib.sha256(in_lines).hexdigest(),
        "sha256InLinesTrimmed": hashlib.sha256(in_lines.rstrip(b"\n")).hexdigest(),
    }


def own_header(message):
    """An enclosed message's header without what describes its body: a signer may have to relabel that."""
    fields = [f"{name}: {value}" for name, value in message.raw_items() if not name.lower().startswith("content-")]
    return "\n".join(fields).encode("ascii", "surrogateescape")


def decoded(value):
    octets = str(value).encode("ascii", "surrogateescape")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("windows-1252", "replace")
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", text)
    try:
        return str(email.header.make_header(email.header.decode_header(unfolded)))
    except (UnicodeError, LookupError, ValueError):
        return unfolded


def read_frame():
    head = sys.stdin.buffer.read(4)
    return sys.stdin.buffer.read(struct.unpack(">I", head)[0]) if len(head) == 4 else None


def write_frame(octets):
    sys.stdout.buffer.write(struct.pack(">I", len(octets)) + octets)
    sys.stdout.buffer.flush()


main()
