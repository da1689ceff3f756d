"""Payloads from one byte to Lambda's six megabytes, both ways, as shipped.

AWS IoT takes 128 KB per message and 512 KiB a second per connection, and both
ends of the protocol keep to that here; what is too large for it goes through
S3, which is the offline cloud's. What is sent is base64 of random bytes, which
packs to three quarters; JSON packs to a third or less, and is listed for the
largest size. Its floor, in turns with it: as many bytes put into that S3 and
got again by presigned URLs, and nothing else.
"""

import base64
import json
import os
import time
import urllib.request

from samlive import offline
from support import place, projects
from support.processes import Bench, step
from support.result import Result
from support.stats import Collector

SIZES = {
    "1 B": 1,
    "1 KB": 1024,
    "50 KB": 50 * 1024,
    "256 KB": 256 * 1024,
    "1 MB": 1024 * 1024,
    "6 MB": 6 * 1024 * 1024 - 64,
}
LARGEST = "6 MB"
SOURCE = '''"""Answers with as many bytes as asked for."""
import base64
import os

KEPT = {{}}
VALUE = "{value}"


def handler(event, context):
    size = event["size"]
    if event.get("json"):
        row = {{"id": 12345, "name": "some product", "price": "12.99", "stock": [1, 2, 3]}}
        return [row | {{"id": number}} for number in range(size // 90)]
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
            with offline.start(bench.folder / "cloud") as cloud:
                lost += _one_run(bench, found, sizes, cloud.environment)
    table = result.table(
        "Payload sizes (loopback WSS, sealed, AWS IoT's limits kept)",
        "size",
        "as a request, ms",
        "as an answer, ms",
        "S3 alone: put and get, ms",
    )
    for name in sizes:
        up, down = found.series(f"up {name}"), found.series(f"down {name}")
        floor = found.series(f"s3 {name}").text(1) if found.has(f"s3 {name}") else "-"
        table.add(name, up.text(1), down.text(1), floor)
    if LARGEST in sizes:
        table.add("6 MB of JSON rows", "-", found.series("down json").text(1), "-")
        ratio = found.series(f"down {LARGEST}").over(found.series(f"s3 {LARGEST}"))
        result.goal(
            "6 MB answer, quotas on, over an S3 transfer alone, both on loopback",
            1.2,
            ratio.middle,
            "x",
        )
    table.notes.append(f"wrong or lost: {lost}")


def _one_run(
    bench: Bench, found: Collector, sizes: dict[str, int], variables: dict[str, str]
) -> int:
    where = place.broker(bench)
    project = projects.python(bench.folder / "project", "sizes", SOURCE)
    folder = project.file.parent
    place.relay(bench, where, {"Sizes": project.fields()}, folder, cloud=variables)
    stub = place.Stub(where, "Sizes")
    stub.call(b'{"size": 1}')
    urls = _urls(variables)
    wrong = 0
    for name, size in sizes.items():
        large = size > 500_000
        pause = WINDOW_SECONDS if size > 40_000 else 0.05
        filling = base64.b64encode(os.urandom(size)).decode()[: max(0, size - 30)]
        up = json.dumps({"size": 1, "filling": filling}).encode()
        down = json.dumps({"size": size}).encode()
        # The first one makes the function's answer, and the bucket.
        for number in range(-1, 3 if large else 5):
            into = found if number >= 0 else Collector()
            wrong += timed(stub, up, into, f"up {name}", pause) != 3
            # The quotes of the JSON string are two bytes of the answer.
            wrong += timed(stub, down, into, f"down {name}", pause) != size + 2
            if large:
                into.add(f"s3 {name}", _s3(urls, size))
    if LARGEST in sizes:
        event = json.dumps({"size": sizes[LARGEST], "json": True}).encode()
        timed(stub, event, found, "down json", WINDOW_SECONDS)
    stub.close()
    return wrong


def timed(stub: place.Stub, event: bytes, found: Collector, name: str, pause: float) -> int:
    """Note the milliseconds of a call, made after a pause; return its answer's size."""
    time.sleep(pause)
    started = time.perf_counter()
    answer = stub.call(event, 120.0)
    found.add(name, (time.perf_counter() - started) * 1000)
    return len(answer)


def _s3(urls: tuple[str, str], size: int) -> float:
    """Put and get as many bytes by presigned URLs; return milliseconds."""
    put, get = urls
    body = os.urandom(size)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    started = time.perf_counter()
    kind = {"Content-Type": "application/octet-stream"}
    for one in (urllib.request.Request(put, body, kind, method="PUT"), get):
        with opener.open(one) as reply:
            reply.read()
    return (time.perf_counter() - started) * 1000


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
