"""`make deploy`: layers and functions for one architecture, and a deployment that fits its account."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.deploy.account import AwsAccount
from scripts.deploy.built_layers import check_built
from scripts.deploy.catalogue import WrongCatalogue
from scripts.deploy.command import deploy
from scripts.deploy.config import section_of
from scripts.deploy.errors import DeployRefused
from scripts.deploy.existing_table import WrongTable
from scripts.deploy.function_sizes import MOST_BYTES
from scripts.deploy.parameters import DeployRequest, plan
from tests.infrastructure.template import ROOT

X86, ARM = 0x3E, 0xB7
ROLE = "arn:aws:iam::123456789012:role/somebody-elses"


def elf(machine: int) -> bytes:
    """The first bytes of a compiled file."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + machine.to_bytes(2, "little") + bytes(40)


# Long forms, as SAM writes them. The paths of functions lead out of the folder.
BUILT = """
Resources:
  Reads:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ../code, Layers: [{Ref: SharedLayer}]}
  Hears:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../code
      Layers: {"Fn::If": [HasEngines, [{Ref: SharedLayer}, {Ref: MoonshineLayer}], [{Ref: SharedLayer}]]}
  Speaks:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../code
      Layers:
        Fn::If:
        - HasEngines
        - Fn::If:
          - HasMore
          - [{Ref: SharedLayer}, {Ref: HibariLayer}, {Ref: MoonshineLayer}]
          - [{Ref: SharedLayer}, {Ref: HibariLayer}]
        - [{Ref: SharedLayer}]
"""


class Aws:
    """An AWS account as boto3's session, and SAM, which builds layers for the requested architecture."""

    region_name = "eu-central-1"

    def __init__(
        self,
        built: Path,
        stack: dict[str, Any] | None = None,
        *,
        status: str = "UPDATE_COMPLETE",
        log_role: str | None = None,
        concurrency: int = 1000,
        builds: str | None = None,
        catalogue: Path | None = None,
        model_bytes: int = 1,
    ) -> None:
        self.model_bytes = model_bytes
        self.catalogue = catalogue
        self.environ: dict[str, str] = {}
        self.built, self.stack, self.status = built, stack, status
        self.log_role, self.concurrency, self.builds = log_role, concurrency, builds
        self.commands: list[Any] = []

    def client(self, _service: str) -> Aws:
        return self

    def describe_stacks(self, StackName: str) -> dict[str, Any] | None:  # noqa: N803 - AWS's own name
        if self.stack is None:
            answer = {"Error": {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}}
            raise ClientError(answer, "DescribeStacks")  # type: ignore[arg-type] # only the fields that are read
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in self.stack.items()]
        return {"Stacks": [{"StackStatus": self.status, "Parameters": parameters}]}

    def get_account(self) -> dict[str, Any]:
        return {"cloudwatchRoleArn": self.log_role} if self.log_role else {}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": self.concurrency}}

    def run(self, command: Sequence[str], variables: Mapping[str, str]) -> int:
        _, verb, *arguments = command
        self.commands.append((verb, arguments, dict(variables)))
        if verb == "build":
            shared = self.built / "SharedLayer"
            shared.mkdir(parents=True)
            shutil.copy(self.catalogue or variables["AUDIO_GATEWAY_CATALOG"], shared / "catalog.toml")
            machine = {"x86_64": X86, "arm64": ARM}[self.builds or variables["ARCHITECTURE"]]
            for layer in ("SharedLayer", "MoonshineLayer"):
                packages = self.built / layer / "python"
                packages.mkdir(parents=True, exist_ok=True)
                (packages / "codec.cpython-313.so").write_bytes(elf(machine))
                (packages / "notes.so.txt").write_text("no code")
            (self.built / "HibariLayer").mkdir()
            with (self.built / "HibariLayer" / "model.onnx").open("wb") as model:
                model.truncate(self.model_bytes)
            (self.built / "template.yaml").write_text(BUILT)
        return 0

    def deploy(self, *arguments: Any) -> Aws | None:
        assert deploy(arguments, lambda **_: self, self.run, self.built, self.environ) == 0
        return self

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the deployment."""
        (arguments,) = [arguments for verb, arguments, _ in self.commands if verb == "deploy"]
        return dict(as_sam_reads(text) for text in arguments[arguments.index("--parameter-overrides") + 1 :])


def as_sam_reads(override: str) -> tuple[str, str]:
    """Name and value. Without quotes, a value ends at a blank and cannot be empty."""
    found = re.match(r'(\w+)=(?:"((?:\\.|[^"\\])*)"|((?:\\.|[^ "\\])+))', override)
    assert found is not None, f"{override} is not a valid format"
    quoted, plain = found[2], found[3]
    return found[1], plain if quoted is None else quoted.replace('\\"', '"')


@pytest.fixture
def aws(tmp_path: Path) -> Callable[..., Aws]:
    return lambda *arguments, **more: Aws(tmp_path / "build", *arguments, **more)


def test_an_existing_stack_is_built_for_its_own_architecture(aws: Callable[..., Aws]) -> None:
    done = aws({"Architecture": "arm64"}).deploy()
    assert done.commands[0][2]["ARCHITECTURE"] == "arm64"
    assert done.parameters["Architecture"] == "arm64"


def test_a_new_stack_is_built_for_the_requested_architecture(aws: Callable[..., Aws]) -> None:
    for arch, expected in ((("--arch", "arm64"), "arm64"), ((), "x86_64")):
        done = aws()
        done.built = done.built / expected
        done.deploy(*arch)
        assert (done.commands[0][2]["ARCHITECTURE"], done.parameters["Architecture"]) == (expected, expected)


def test_a_change_of_architecture_changes_build_and_parameter_and_is_announced(
    aws: Callable[..., Aws], capsys: pytest.CaptureFixture[str]
) -> None:
    done = aws({"Architecture": "x86_64"}).deploy("--arch", "arm64")
    assert (done.commands[0][2]["ARCHITECTURE"], done.parameters["Architecture"]) == ("arm64", "arm64")
    assert "from x86_64 to arm64" in capsys.readouterr().out


def test_layers_for_the_other_architecture_are_not_deployed(aws: Callable[..., Aws]) -> None:
    account = aws({"Architecture": "arm64"}, builds="x86_64")
    with pytest.raises(DeployRefused, match=r"MoonshineLayer was not built for arm64: .*codec.*\.so is for x86_64"):
        account.deploy()
    assert [verb for verb, *_ in account.commands] == ["build"]


def test_a_layer_with_data_only_is_for_every_architecture(aws: Callable[..., Aws]) -> None:
    done = aws().deploy("--arch", "arm64")
    assert [verb for verb, *_ in done.commands] == ["build", "deploy"]


def test_the_sizes_of_functions_with_all_of_their_layers_are_printed(
    aws: Callable[..., Aws], capsys: pytest.CaptureFixture[str]
) -> None:
    aws(model_bytes=7_000_000).deploy()
    printed = capsys.readouterr().out
    assert re.search(r"  0\.0 of 262\.1 MB  SharedLayer \+ MoonshineLayer: Hears\n", printed)
    assert re.search(r"  7\.0 of 262\.1 MB  SharedLayer \+ HibariLayer \+ MoonshineLayer: Speaks\n", printed)


def test_a_function_that_is_too_large_for_lambda_is_not_deployed(aws: Callable[..., Aws]) -> None:
    account = aws(model_bytes=MOST_BYTES)
    with pytest.raises(DeployRefused, match=r"262,144,000 bytes, and these have 262,\d+,\d+: .*: Speaks"):
        account.deploy()
    assert [verb for verb, *_ in account.commands] == ["build"]


def test_contradictory_architectures_are_refused_before_the_build(aws: Callable[..., Aws]) -> None:
    account = aws()
    with pytest.raises(DeployRefused, match="give only one"):
        account.deploy("--arch", "arm64", "--parameter", "Architecture=x86_64")
    with pytest.raises(DeployRefused, match="not an architecture"):
        account.deploy("--arch", "mips")
    assert account.commands == []


def test_an_empty_layer_counts_as_not_built(tmp_path: Path) -> None:
    with pytest.raises(DeployRefused, match="made nothing"):
        check_built(tmp_path, "arm64")
    (tmp_path / "SharedLayer").mkdir()
    with pytest.raises(DeployRefused, match="it is empty"):
        check_built(tmp_path, "arm64")


def test_the_command_line_overrides_the_parameters_of_the_section(aws: Callable[..., Aws]) -> None:
    done = aws().deploy("--config-env", "prod", "--parameter", "LogRetentionDays=365", "--parameter", "X=a=b")
    assert done.parameters | {"LogLevel": "INFO", "DeletionProtection": "true"} == done.parameters
    assert (done.parameters["LogRetentionDays"], done.parameters["X"]) == ("365", "a=b")
    assert all("--config-env" in arguments and "prod" in arguments for _, arguments, _ in done.commands)


def test_unknown_options_are_passed_to_sam(aws: Callable[..., Aws]) -> None:
    done = aws().deploy("--guided", "--tags", "team=audio")
    verb, arguments, _ = done.commands[-1]
    assert verb == "deploy"
    assert arguments[arguments.index("--guided") :][:3] == ["--guided", "--tags", "team=audio"]


def test_a_raised_quota_reaches_the_stack(
    aws: Callable[..., Aws], capsys: pytest.CaptureFixture[str], source: dict[str, Any]
) -> None:
    parameters = (
        aws({"Architecture": "x86_64", "LambdaConcurrency": "10", "WebhookConcurrency": "2"}).deploy().parameters
    )
    assert parameters["LambdaConcurrency"] == "1000"
    assert parameters["WebhookConcurrency"] == str(source["Parameters"]["WebhookConcurrency"]["Default"])
    assert "quota" not in capsys.readouterr().out


def test_on_a_small_quota_webhooks_use_few_environments_and_a_note_is_printed(
    aws: Callable[..., Aws], capsys: pytest.CaptureFixture[str]
) -> None:
    parameters = aws(concurrency=10).deploy().parameters
    assert (parameters["LambdaConcurrency"], parameters["WebhookConcurrency"]) == ("10", "2")
    assert "ask for a higher quota" in capsys.readouterr().out


def test_concurrency_parameters_of_the_operator_are_kept(aws: Callable[..., Aws]) -> None:
    done = aws(concurrency=10).deploy("--parameter", "LambdaConcurrency=6", "--parameter", "WebhookConcurrency=3")
    assert (done.parameters["LambdaConcurrency"], done.parameters["WebhookConcurrency"]) == ("6", "3")


def test_access_logs_are_on_if_the_account_has_a_role_for_them(
    aws: Callable[..., Aws], capsys: pytest.CaptureFixture[str]
) -> None:
    assert aws(log_role=ROLE).deploy().parameters["AccessLogs"] == "true"
    assert "No access log" not in capsys.readouterr().out
    without = aws()
    without.built = without.built / "without"
    assert without.deploy().parameters["AccessLogs"] == "false"
    assert "No access log" in capsys.readouterr().out


def test_access_logs_without_a_role_are_refused_before_the_deployment(aws: Callable[..., Aws]) -> None:
    with pytest.raises(DeployRefused, match="ManageApiGatewayLogRole=true to make one"):
        aws().deploy("--parameter", "AccessLogs=true")


def test_an_existing_log_role_is_not_replaced(aws: Callable[..., Aws]) -> None:
    with pytest.raises(DeployRefused, match=f"{ROLE}.*AccessLogs=true to use it"):
        aws(log_role=ROLE).deploy("--parameter", "ManageApiGatewayLogRole=true")


def test_the_stack_that_created_the_log_role_keeps_it(aws: Callable[..., Aws]) -> None:
    done = aws({"Architecture": "x86_64", "ManageApiGatewayLogRole": "true"}, log_role=ROLE).deploy()
    assert "AccessLogs" not in done.parameters


def test_a_stack_whose_first_deployment_failed_must_be_deleted(aws: Callable[..., Aws]) -> None:
    with pytest.raises(DeployRefused, match="aws cloudformation delete-stack"):
        aws({}, status="ROLLBACK_COMPLETE").deploy()


def test_a_stack_with_only_a_change_set_counts_as_new(aws: Callable[..., Aws]) -> None:
    assert aws({}, status="REVIEW_IN_PROGRESS").deploy("--arch", "arm64").parameters["Architecture"] == "arm64"


def test_a_check_builds_and_deploys_nothing(aws: Callable[..., Aws], capsys: pytest.CaptureFixture[str]) -> None:
    account = aws({"Architecture": "arm64"})
    account.deploy("--check")
    assert account.commands == []
    assert "Architecture=arm64" in capsys.readouterr().out


# ---------------------------------------------------------------- the catalogue, and another samconfig.toml
OWN = """
[providers.acme]
adapter = "openai"
base_url = "https://acme.example/v1"
api_key = "env:ACME_KEY"
[[models]]
id = "talker"
provider = "acme"
endpoints = ["speech"]
price = { usd_per_million_characters = "1.00" }
"""
SHIPPED = ROOT / "layers" / "shared" / "catalog.toml"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "my models.toml"
    path.write_text(OWN)
    return path


def test_the_named_catalogue_is_built_and_deployed(
    aws: Callable[..., Aws], own: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = aws({"Architecture": "x86_64", "Catalog": "shipped"})
    account.environ = {"AUDIO_GATEWAY_CATALOG": own.name}
    monkeypatch.chdir(own.parent)
    done = account.deploy()
    assert done.commands[0][2]["AUDIO_GATEWAY_CATALOG"] == str(own)  # absolute, because SAM builds in another folder
    assert done.parameters["Catalog"] == "own"
    printed = capsys.readouterr().out
    assert f"The catalogue is {own} (own): talker." in printed
    assert "The key of provider 'acme' is env:ACME_KEY, which no deployed function has" in printed


def test_the_default_catalogue_is_the_shipped_one(aws: Callable[..., Aws]) -> None:
    done = aws().deploy()
    assert done.commands[0][2]["AUDIO_GATEWAY_CATALOG"] == str(SHIPPED)
    assert done.parameters["Catalog"] == "shipped"


def test_an_own_catalogue_is_not_replaced_by_accident(aws: Callable[..., Aws]) -> None:
    account = aws({"Architecture": "x86_64", "Catalog": "own"})
    with pytest.raises(WrongCatalogue, match="AUDIO_GATEWAY_CATALOG is not set"):
        account.deploy()
    assert account.commands == []
    account.environ = {"AUDIO_GATEWAY_CATALOG": str(SHIPPED)}
    assert account.deploy().parameters["Catalog"] == "shipped"


@pytest.mark.parametrize(("content", "said"), [(None, "is not a file"), ("[providers]", "add at least one")])
def test_a_missing_or_invalid_catalogue_is_not_deployed(
    aws: Callable[..., Aws], own: Path, content: str | None, said: str
) -> None:
    account = aws()
    account.environ = {"AUDIO_GATEWAY_CATALOG": str(own)}
    own.unlink() if content is None else own.write_text(content)
    with pytest.raises(WrongCatalogue, match=said):
        account.deploy()
    assert account.commands == []


def test_a_layer_with_another_catalogue_is_not_deployed(aws: Callable[..., Aws], own: Path) -> None:
    account = aws(catalogue=SHIPPED)
    account.environ = {"AUDIO_GATEWAY_CATALOG": str(own)}
    with pytest.raises(WrongCatalogue, match=r"catalog\.toml is not .*my models\.toml"):
        account.deploy()
    assert [verb for verb, *_ in account.commands] == ["build"]


@pytest.mark.parametrize("named", ["absolute", "relative", "not set"])
def test_the_makefile_of_the_layer_uses_the_named_catalogue(named: str, own: Path, tmp_path: Path) -> None:
    make = (ROOT / "layers" / "shared" / "Makefile").read_text().replace("$(HERE)../../scripts/build-layer", "true")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "Makefile").write_text(make)
    (tmp_path / "a" / "b" / "stream-bootstrap").touch()
    (tmp_path / "layers" / "shared").mkdir(parents=True)
    (tmp_path / "layers" / "shared" / "catalog.toml").write_text("shipped")
    plain = tmp_path / "own.toml"
    plain.write_text("own")
    value = {"absolute": str(plain), "relative": "own.toml", "not set": ""}[named]
    environ = {**os.environ, "ARTIFACTS_DIR": str(tmp_path), "AUDIO_GATEWAY_CATALOG": value}
    make_it = ["make", "-f", "a/b/Makefile", "build-SharedLayer"]
    subprocess.run(make_it, cwd=tmp_path, env=environ, check=True, capture_output=True)
    assert (tmp_path / "catalog.toml").read_text() == ("shipped" if named == "not set" else "own")


@pytest.mark.parametrize("value", ["", "https://a.example, https://b.example", 'a "quoted" word', "a=b"])
def test_any_parameter_value_arrives_unchanged(value: str, aws: Callable[..., Aws]) -> None:
    assert aws().deploy("--parameter", f"AllowedOrigins={value}").parameters["AllowedOrigins"] == value


def test_parameter_overrides_in_one_string_may_quote_values() -> None:
    overrides = 'LogLevel=ERROR AllowedOrigins="https://a.example, https://b.example" AlarmTopicArn=""'
    section = {"eu": {"deploy": {"parameters": {"parameter_overrides": overrides}}}}
    assert section_of(section, "eu")[1] == {
        "LogLevel": "ERROR",
        "AllowedOrigins": "https://a.example, https://b.example",
        "AlarmTopicArn": "",
    }


def test_another_samconfig_is_read_and_passed_to_sam(aws: Callable[..., Aws], tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(
        'version = 0.1\n[eu.global.parameters]\nstack_name = "voices"\n'
        '[eu.deploy.parameters]\nparameter_overrides = ["LogLevel=ERROR"]\n'
    )
    done = aws().deploy("--config-file", str(config), "--config-env", "eu")
    assert done.parameters["LogLevel"] == "ERROR"
    assert all(arguments[arguments.index("--config-file") + 1] == str(config) for _, arguments, _ in done.commands)
    with pytest.raises(DeployRefused, match=r"mine\.toml has no section 'prod'; it has eu"):
        aws().deploy("--config-file", str(config), "--config-env", "prod")
    with pytest.raises(DeployRefused, match="cannot be read"):
        aws().deploy("--config-file", str(tmp_path / "nothing.toml"))


def test_a_missing_region_or_section_is_named(aws: Callable[..., Aws], tmp_path: Path) -> None:
    account = aws()
    account.region_name = None  # type: ignore[assignment] # as on a machine without AWS settings
    with pytest.raises(DeployRefused, match="AWS_REGION"):
        account.deploy()
    with pytest.raises(DeployRefused, match="no section 'test'; it has default, dev, local, prod"):
        account.deploy("--config-env", "test")


def test_a_failed_build_is_not_deployed(aws: Callable[..., Aws]) -> None:
    account = aws()

    def fails(command: Sequence[str], variables: Mapping[str, str]) -> int:
        account.commands.append(command)
        return 3

    account.run = fails
    assert deploy([], lambda **_: account, account.run, account.built) == 3
    assert len(account.commands) == 1


def test_all_parameters_that_are_set_exist_in_the_template(source: dict[str, Any], samconfig: dict[str, Any]) -> None:
    for section in ("default", "dev", "prod"):
        assert set(section_of(samconfig, section)[1]) <= set(source["Parameters"])
    decided = plan(DeployRequest("s", {}, {}, None), AwsAccount(None, None, 10)).parameters
    assert set(decided) <= set(source["Parameters"])


def test_the_deployment_page_lists_exactly_the_templates_parameters(source: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    table = page.split("| parameter | default | meaning |\n", 1)[1].split("\n\n", 1)[0]
    cells = [line.split("|")[1] for line in table.splitlines()[1:]]
    assert sorted(name for cell in cells for name in re.findall(r"`(\w+)`", cell)) == sorted(source["Parameters"])


def test_the_docs_deploy_only_with_make() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    for page in pages:
        assert "sam deploy --" not in page.read_text("utf-8"), page


def test_the_stacks_table_is_checked_before_the_build(aws: Callable[..., Aws]) -> None:
    account = aws({"ExistingTableArn": "arn:aws:dynamodb:eu-central-1:123456789012:table/restored"})
    with pytest.raises(WrongTable):
        account.deploy("--parameter", "ExistingTableArn=")
    assert account.commands == []
