"""Answers framed questions: each a line of JSON, then the content. An answer is one octet (1 = done), the length and text of a fault, the CMS."""

import json
import struct
import sys


def answer(write):
    for question in iter(read_frame, None):
        wanted, content = question.split(b"\n", 1)
        try:
            done, fault, cms = 1, "", write(json.loads(wanted), content)
        except Exception as refused:  # Whatever the library says is the answer.
            done, fault, cms = 0, str(refused) or repr(refused), b""
        words = fault.encode()
        write_frame(struct.pack(">BI", done, len(words)) + words + cms)


def read_frame():
    head = sys.stdin.buffer.read(4)
    return sys.stdin.buffer.read(struct.unpack(">I", head)[0]) if len(head) == 4 else None


def write_frame(octets):
    sys.stdout.buffer.write(struct.pack(">I", len(octets)) + octets)
    sys.stdout.buffer.flush()
