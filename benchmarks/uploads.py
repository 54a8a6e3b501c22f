"""How fast a server takes an upload over loopback, against `cp` of the same file.

    python -m benchmarks.uploads [--mib 1024] [--rounds 3]

Each round copies a file, then sends it to `schouw serve`, both from the page cache to the same disk. The server hashes
(SHA-256) and makes sure that the bytes are on the disk before it answers; `cp` does neither, so it is also timed with
`sync`. The server's memory is read from /proc.
"""

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from api.uploads.tus import write_metadata

TUS = {"Tus-Resumable": "1.0.0"}
MIB = 1 << 20


def main() -> None:
    """Run the rounds and print what they took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=8765)
    given = parser.parse_args()
    measured(given.mib, given.rounds, given.port)


def measured(mib: int, rounds: int, port: int) -> dict[str, float]:
    """Run the rounds, print what they took, and return the medians, MiB/s: cp, cp and sync, upload."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "drive.mp4"
        rates: dict[str, list[float]] = {"cp": [], "cp and sync": [], "upload": []}
        server = _serve(folder / "home", port)
        try:
            before = _memory(server.pid, "VmRSS")
            for number in range(rounds):
                _fill(file, mib)
                rates["cp"].append(mib / _copied(file, folder / "copy", sync=False))
                rates["cp and sync"].append(mib / _copied(file, folder / "copy", sync=True))
                rates["upload"].append(mib / _sent(file, port))
                print(number, {name: round(values[-1]) for name, values in rates.items()}, "MiB/s")
            grown = _memory(server.pid, "VmHWM") - before
        finally:
            server.terminate()
            server.wait()
    best = {name: statistics.median(values) for name, values in rates.items()}
    print("median MiB/s:", {name: round(rate) for name, rate in best.items()})
    print(f"upload / cp: {best['upload'] / best['cp']:.2f}; / cp and sync: {best['upload'] / best['cp and sync']:.2f}")
    print(f"memory of the server grew by at most {grown / 1024:.0f} MiB")
    return best


def _serve(home: Path, port: int) -> "subprocess.Popen[bytes]":
    given = ["serve", "--home", str(home), "--port", str(port), "--workers", "0"]
    server = subprocess.Popen([sys.executable, "-c", "from cli.main import main; main()", *given])
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("OPTIONS", "/v1/uploads")
            connection.getresponse()
            return server
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server does not start")


def _fill(file: Path, mib: int) -> None:
    with file.open("wb") as out:
        for _ in range(mib):
            out.write(os.urandom(MIB))
        out.flush()
        os.fsync(out.fileno())


def _copied(file: Path, copy: Path, sync: bool) -> float:
    began = time.perf_counter()
    subprocess.run(["cp", file, copy], check=True)
    if sync:
        subprocess.run(["sync", copy], check=True)
    spent = time.perf_counter() - began
    copy.unlink()
    os.sync()
    return spent


def _sent(file: Path, port: int) -> float:
    size = file.stat().st_size
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": write_metadata({"filename": file.name})}
    connection.request("POST", "/v1/uploads", headers=headers)
    answer = connection.getresponse()
    answer.read()
    upload = answer.headers["Location"]
    began = time.perf_counter()
    connection.putrequest("PATCH", upload)
    sent = TUS | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0", "Content-Length": str(size)}
    for name, value in sent.items():
        connection.putheader(name, value)
    connection.endheaders()
    with file.open("rb") as source:
        connection.sock.sendfile(source)
    answer = connection.getresponse()
    answer.read()
    spent = time.perf_counter() - began
    if answer.status != 204:
        raise SystemExit(f"the server says {answer.status}")
    return spent


def _memory(pid: int, name: str) -> int:
    """VmRSS or VmHWM of a process, KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(name)))


if __name__ == "__main__":
    main()
