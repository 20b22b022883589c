"""The lines that a peer speaks with the bench: see src/peer.rs."""

import json
import sys
import time


def serve(versions, run, clock=time.process_time):
    """Says that it is ready; then for each line runs that many times, or writes what one run gives.

    The clock counts the processor's time of this process, unless another is given.
    """

    def answer(**message):
        print(json.dumps(message), flush=True)

    answer(versions=versions)
    for line in sys.stdin:
        line = line.strip()
        if line.startswith("result "):
            run().astype("<f4").tofile(line.removeprefix("result "))
            answer(seconds=0.0)
            continue
        times = int(line)
        started = clock()
        for _ in range(times):
            run()
        answer(seconds=clock() - started)
