"""Script: prints a SAM template as the plain CloudFormation that SAM makes of it.

Runs in a process of its own, as the translator wants a region in the
environment and warns about other packages when imported. Local paths become
S3 URIs first, which is what `sam package` does before the translator sees them.
"""

import json
import sys
from typing import Any

from cfnlint.decode.cfn_yaml import load
from samtranslator.translator.transform import transform


class NoPolicies:
    """The account's managed policies, none of which a template of ours names."""

    def load(self) -> dict[str, str]:
        return {}


def packaged(template: dict[str, Any]) -> dict[str, Any]:
    for logical_id, resource in template["Resources"].items():
        for name in ("CodeUri", "ContentUri"):
            if isinstance(resource.get("Properties", {}).get(name), str):
                resource["Properties"][name] = f"s3://bucket/{logical_id}"
    return template


def main(path: str) -> None:
    template = packaged(json.loads(json.dumps(load(path), default=str)))
    values = {name: entry.get("Default", "") for name, entry in template["Parameters"].items()}
    json.dump(transform(template, values, NoPolicies()), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
