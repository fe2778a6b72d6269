"""template.yaml writes a shared block once, with a YAML anchor. SAM writes the anchors out for CloudFormation."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.infrastructure import rights as groups_of_rights
from tests.infrastructure.template import ROOT, CloudFormationLoader

TEXT = (ROOT / "template.yaml").read_text("utf-8")
OWN_LOGS = "WriteOwnLogs"
"""The one name for several statements: each role has one for the log group of its function."""
SAM = ROOT / ".local" / "sam" / "bin" / "python"

# The reader and the writer of `sam build`, `sam package` and `sam deploy`.
DUMP = """
import sys
from samcli.yamlhelper import yaml_dump, yaml_parse
print(yaml_dump(yaml_parse(sys.stdin.read())))
"""


def nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    """A node and everything in it. An alias is the very node of its anchor."""
    yield node
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from (*nodes(key), *nodes(value))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from nodes(item)


def value_of(node: yaml.Node, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


@pytest.fixture(scope="module")
def written() -> list[yaml.Node]:
    """Each node of the template once, however many aliases it has."""
    root = yaml.compose(TEXT, CloudFormationLoader)
    assert root is not None
    return list({id(node): node for node in nodes(root)}.values())


def statements(source: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in source["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"].get("Policies", []):
                yield from policy["PolicyDocument"]["Statement"]


def body_of(statement: yaml.MappingNode) -> str:
    rest = [(key, value) for key, value in statement.value if key.value != "Sid"]
    return yaml.serialize(yaml.MappingNode(statement.tag, rest))


def test_no_statement_is_written_twice(written: list[yaml.Node]) -> None:
    bodies = Counter(body_of(n) for n in written if isinstance(n, yaml.MappingNode) and value_of(n, "Sid") is not None)
    assert len(bodies) > 60
    assert [body for body, count in bodies.items() if count > 1] == []


def test_no_assume_role_document_is_written_twice(written: list[yaml.Node]) -> None:
    found = {id(d): yaml.serialize(d) for n in written if (d := value_of(n, "AssumeRolePolicyDocument")) is not None}
    assert len(found) == len(set(found.values())) > 0


def test_no_if_is_written_twice(written: list[yaml.Node]) -> None:
    conditions = Counter(yaml.serialize(node) for node in written if node.tag == "!If")
    assert conditions
    assert [condition for condition, count in conditions.items() if count > 1] == []


def test_a_statement_has_one_name_and_a_name_has_one_statement(source: dict[str, Any]) -> None:
    names: dict[str, set[str]] = {}
    rights: dict[str, set[str]] = {}
    for statement in statements(source):
        actions = statement["Action"]
        ordered = sorted([actions] if isinstance(actions, str) else actions)
        right = str([ordered, statement["Resource"], statement.get("Condition")])
        names.setdefault(right, set()).add(statement["Sid"])
        rights.setdefault(statement["Sid"], set()).add(right)
    assert [each for each in names.values() if len(each) > 1] == []
    assert {name for name, found in rights.items() if len(found) > 1} == {OWN_LOGS}


def test_every_anchor_is_used() -> None:
    anchors: set[str] = set()
    aliases: set[str] = set()
    for event in yaml.parse(TEXT, CloudFormationLoader):
        if name := getattr(event, "anchor", None):
            (aliases if isinstance(event, yaml.AliasEvent) else anchors).add(name)
    assert anchors == aliases != set()


def test_the_anchor_of_a_statement_is_its_sid() -> None:
    found = re.findall(r"^ +- &(\w+)\n +Sid: (\w+)", TEXT, flags=re.MULTILINE)
    assert len(found) > 20
    for anchor, sid in found:
        assert anchor == re.sub(r"(?<!^)([A-Z])", r"_\1", sid).lower()


def test_the_headings_among_statements_are_groups_of_rights() -> None:
    roles = TEXT[TEXT.index("  AuthorizerRole:") : TEXT.index("  Api:\n")]
    headings = set(re.findall(r"^ {14}# (.+)$", roles, flags=re.MULTILINE))
    groups = {
        name.replace("_", " ").lower() for name in vars(groups_of_rights) if name.isupper() and not name.startswith("_")
    }
    assert "metering" in headings
    assert headings <= groups


def test_sam_renders_each_role_as_it_is_written(source: dict[str, Any], rendered: dict[str, Any]) -> None:
    """The translator changes what it renders in place: a block that two resources share must not change in both."""
    for name, resource in source["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            assert rendered[name]["Properties"] == resource["Properties"], name


@pytest.mark.skipif(not SAM.exists(), reason="SKIPPED LOUDLY: run make sam-validate, which installs SAM")
def test_sam_writes_the_anchors_out(source: dict[str, Any]) -> None:
    done = subprocess.run([SAM, "-c", DUMP], input=TEXT, capture_output=True, text=True, check=True, timeout=60)
    assert not [event for event in yaml.parse(done.stdout, CloudFormationLoader) if getattr(event, "anchor", None)]
    assert yaml.load(done.stdout, CloudFormationLoader) == source
