"""What the Python programs have in common: warm up, wait, seal for the time that is given, print. Arguments: run.mjs."""

import os
import sys
import time

WARM_UP_SECONDS = 1


def run(prepare):
    keys, mails, sample, seconds = sys.argv[1:]
    seal = prepare(keys)
    paths = [os.path.join(mails, name) for name in os.listdir(mails)]

    start = time.monotonic()
    while True:
        sealed = seal(paths[0])
        if time.monotonic() - start > WARM_UP_SECONDS:
            break
    with open(sample, "wb") as file:
        file.write(sealed)
    del sealed
    print("ready", flush=True)
    sys.stdin.readline()

    start, messages, elapsed = time.monotonic(), 0, 0.0
    while elapsed < float(seconds):
        seal(paths[messages % len(paths)])
        messages += 1
        elapsed = time.monotonic() - start
    print(f'{{"messages": {messages}, "seconds": {elapsed}}}', flush=True)
    sys.stdin.readline()
