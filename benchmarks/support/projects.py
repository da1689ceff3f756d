"""Projects whose functions are measured: a file each, with a value to be changed."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PYTHON_TAIL = """

VALUE = "{value}"


def handler(event, context):
    return {{"value": VALUE}}
"""
PLAIN = '"""A handler."""' + PYTHON_TAIL
BOTO3 = "import boto3" + PYTHON_TAIL
CLIENTS = (
    'import boto3\n\nTABLE = boto3.resource("dynamodb").Table("orders")\nS3 = boto3.client("s3")'
    + PYTHON_TAIL
)
PANDAS = "import pandas" + PYTHON_TAIL
TYPESCRIPT = """import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";

const clients = [new DynamoDBClient({}), new S3Client({})];
const value: string = "VALUE";

export const handler = async (event: unknown) => ({ value, clients: clients.length });
"""
JAVASCRIPT = TYPESCRIPT.replace(": string", "").replace(": unknown", "")
PLAIN_JAVASCRIPT = 'export const handler = async () => ({ value: "VALUE" });\n'


@dataclass(frozen=True, slots=True)
class Project:
    """A function in a folder of its own.

    Args:
        name: What is special about it.
        file: Its source.
        source: The source's text; the value's place is marked.
        runtime: The template's runtime.
        interpreter: What a fresh process is started with.
    """

    name: str
    file: Path
    source: str
    runtime: str
    interpreter: str

    def save(self, number: int) -> str:
        """Write the source with a new value of the same size; return the value."""
        value = f"{number:06d}"
        if self.runtime.startswith("node"):
            self.file.write_text(self.source.replace("VALUE", value))
        else:
            self.file.write_text(self.source.format(value=value))
        return value

    def fields(self) -> dict[str, Any]:
        """Return the fields of the relay's `LocalFunction`."""
        return {
            "runtime": self.runtime,
            "handler": f"{self.file.stem}.handler",
            "code": str(self.file.parent),
            "memory": 512,
            "timeout": 60,
        }

    def fresh(self) -> list[str]:
        """Return a command that imports the handler, calls it and prints the answer."""
        folder = str(self.file.parent)
        if self.runtime.startswith("node"):
            return ["node", "--input-type=module", "--eval", self._fresh_node(folder)]
        code = (
            f"import sys, json; sys.path.insert(0, {folder!r}); import app; "
            "print(json.dumps(app.handler({}, None)), flush=True)"
        )
        # Without -B its bytecode would serve the save before to the next one.
        return [self.interpreter, "-B", "-c", code]

    def _fresh_node(self, folder: str) -> str:
        """Return a script that bundles TypeScript first, as a tool without any state would."""
        module = f"{folder}/{self.file.name}"
        bundle = ""
        if self.file.suffix == ".ts":
            bundle = (
                f"const esbuild = await import({folder + '/node_modules/esbuild/lib/main.js'!r});"
                f"await esbuild.default.build({{entryPoints: [{module!r}], bundle: true,"
                f" platform: 'node', format: 'esm', packages: 'external',"
                f" outfile: {folder + '/.fresh.mjs'!r}}});"
            )
            module = f"{folder}/.fresh.mjs"
        return (
            f"{bundle} const app = await import({module!r});"
            "console.log(JSON.stringify(await app.handler({}))); process.exit(0);"
        )


def python(folder: Path, name: str, source: str, interpreter: str = sys.executable) -> Project:
    """Make a Python project.

    Args:
        folder: Where its own folder is made.
        name: Its name.
        source: Text with "{value}" in it.
        interpreter: Python of its virtual environment.
    """
    code = folder / name
    code.mkdir(parents=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    made = Project(name, code / "app.py", source, version, interpreter)
    made.save(0)
    return made


def node(folder: Path, name: str, modules: Path, suffix: str, source: str | None = None) -> Project:
    """Make a Node.js project.

    Args:
        folder: Where its own folder is made.
        name: Its name.
        modules: An installed node_modules folder.
        suffix: ".ts" or ".mjs".
        source: Text with VALUE in it; two clients of the AWS SDK when None.
    """
    code = folder / name
    code.mkdir(parents=True)
    (code / "node_modules").symlink_to(modules)
    (code / "package.json").write_text('{"name": "bench", "version": "1.0.0", "type": "module"}')
    source = source or (TYPESCRIPT if suffix == ".ts" else JAVASCRIPT)
    made = Project(name, code / f"app{suffix}", source, "nodejs20.x", "node")
    made.save(0)
    return made


def fresh_answer(command: list[str], environment: dict[str, str]) -> float:
    """Start a process that answers once; return the milliseconds until it did."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    line = process.stdout.readline()
    spent = (time.perf_counter() - started) * 1000
    process.stdout.close()
    if process.wait() or not line:
        raise SystemExit(f"the fresh process failed: {command}")
    return spent
