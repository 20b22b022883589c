"""The protocol between a peer and the bench, in lines: see src/peer.rs."""

import json
import sys
import time


def serve(versions, run, clock=time.process_time):
    """Reports that it is ready. Then, for each line, runs that many times, or writes the result of one run to a file.

    The default clock is the CPU time of this process.
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
