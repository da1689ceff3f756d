"""Payloads from one byte to Lambda's six megabytes, both ways, as shipped.

AWS IoT takes 128 KB per message and 512 KiB a second per connection, and both
ends of the protocol keep to that here. What is sent is base64 of random bytes,
which packs to three quarters; JSON packs to a third or less, and is listed for
the largest size. The floor of the largest row is a transfer of as many bytes
through S3 by presigned URLs, on the offline cloud.
"""

import base64
import json
import os
import time
import urllib.request

from support import place, projects
from support.processes import Bench, step
from support.result import Result
from support.stats import Collector, Series, series

SIZES = {
    "1 B": 1,
    "1 KB": 1024,
    "50 KB": 50 * 1024,
    "256 KB": 256 * 1024,
    "1 MB": 1024 * 1024,
    "6 MB": 6 * 1024 * 1024 - 64,
}
SOURCE = '''"""Answers with as many bytes as asked for."""
import base64
import os

KEPT = {{}}
VALUE = "{value}"


def handler(event, context):
    size = event["size"]
    if event.get("json"):
        row = {{"id": 12345, "name": "some product", "price": "12.99", "stock": [1, 2, 3]}}
        return [row | {{"id": number}} for number in range(size // 75)]
    if size not in KEPT:
        KEPT[size] = base64.b64encode(os.urandom(size)).decode()[:size]
    return KEPT[size]
'''
WINDOW_SECONDS = 1.1


def measure(result: Result, runs: int, largest: int) -> None:
    """Measure sizes up to `largest` bytes."""
    sizes = {name: size for name, size in SIZES.items() if size <= largest}
    found = Collector()
    lost = 0
    for number in range(runs):
        with step(f"payloads, run {number + 1}"), Bench() as bench:
            found.begin()
            lost += _one_run(bench, found, sizes)
    table = result.table(
        "Payload sizes (loopback WSS, sealed, AWS IoT's limits kept)",
        "size",
        "as a request, ms",
        "as an answer, ms",
    )
    for name in sizes:
        up, down = found.series(f"up {name}"), found.series(f"down {name}")
        table.add(name, up.text(1), down.text(1))
    if "6 MB" in sizes:
        listed = found.series("down json")
        table.add("6 MB of JSON rows", "-", listed.text(1))
        s3 = _s3(runs)
        table.notes.append(f"6 MB through S3 alone (put, then get), same machine: {s3.text(1)} ms")
        answer = found.series("down 6 MB")
        ratio = answer.over(s3).middle if len(answer.runs) == len(s3.runs) else None
        result.goal("6 MB answer, quotas on, over an S3 transfer alone", 1.2, ratio, "x")
    table.notes.append(f"wrong or lost: {lost}")


def _one_run(bench: Bench, found: Collector, sizes: dict[str, int]) -> int:
    where = place.broker(bench)
    project = projects.python(bench.folder / "project", "sizes", SOURCE)
    place.relay(bench, where, {"Sizes": project.fields()}, project.file.parent)
    stub = place.Stub(where, "Sizes")
    stub.call(b'{"size": 1}')
    wrong = 0
    for name, size in sizes.items():
        pause = WINDOW_SECONDS if size > 40_000 else 0.05
        repeats = 1 if size > 500_000 else 5
        filling = base64.b64encode(os.urandom(size)).decode()[: max(0, size - 30)]
        up = json.dumps({"size": 1, "filling": filling}).encode()
        down = json.dumps({"size": size}).encode()
        for _ in range(repeats):
            wrong += _timed(stub, up, found, f"up {name}", pause) != 3
            # The quotes of the JSON string are two bytes of the answer.
            wrong += _timed(stub, down, found, f"down {name}", pause) != size + 2
    if "6 MB" in sizes:
        event = json.dumps({"size": sizes["6 MB"], "json": True}).encode()
        _timed(stub, event, found, "down json", WINDOW_SECONDS)
    stub.close()
    return wrong


def _timed(stub: place.Stub, event: bytes, found: Collector, name: str, pause: float) -> int:
    time.sleep(pause)
    started = time.perf_counter()
    answer = stub.call(event, 120.0)
    found.add(name, (time.perf_counter() - started) * 1000)
    return len(answer)


def _s3(runs: int) -> Series:
    """Return the milliseconds that 6 MB take through S3 by presigned URLs."""
    from samlive import offline

    times = []
    with Bench() as bench, step("6 MB through S3"), offline.start(bench.folder / "cloud") as cloud:
        put, get = _urls(cloud.environment)
        body = os.urandom(SIZES["6 MB"])
        for _ in range(runs + 1):
            started = time.perf_counter()
            request = urllib.request.Request(put, data=body, method="PUT")
            for one in (request, get):
                with urllib.request.urlopen(one) as reply:
                    reply.read()
            times.append((time.perf_counter() - started) * 1000)
    return series(times[1:])


def _urls(variables: dict[str, str]) -> tuple[str, str]:
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        region_name=variables["AWS_REGION"],
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}, s3={"addressing_style": "path"}, signature_version="s3v4"),
    )
    client.create_bucket(Bucket="bench")
    named = {"Bucket": "bench", "Key": "body"}
    put: str = client.generate_presigned_url("put_object", named)
    get: str = client.generate_presigned_url("get_object", named)
    return put, get
