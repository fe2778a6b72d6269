"""CloudFormation's intrinsic functions, as used in API definitions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.settings import StackError

_NO_VALUE: Final = object()
_PLACEHOLDER: Final = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Resolver:
    """Replaces intrinsic functions with values.

    `references` has the values of Ref: parameters, pseudo parameters and physical ids. `attributes` has those of
    Fn::GetAtt, by "Resource.Attribute".
    """

    references: Mapping[str, str]
    attributes: Mapping[str, str]
    conditions: Mapping[str, Any]
    mappings: Mapping[str, Any]

    def resolve(self, node: Any) -> Any:
        """Return `node` with every intrinsic function replaced.

        Raises `StackError` for an unknown name or an unsupported function.
        """
        if isinstance(node, list):
            return [value for item in node if (value := self.resolve(item)) is not _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, argument), *_ = node.items()
            # "Condition" also occurs in IAM policies, with a mapping as its value.
            if name == "Ref" or name.startswith("Fn::") or (name == "Condition" and isinstance(argument, str)):
                return self._call(name, argument)
        return {key: value for key, item in node.items() if (value := self.resolve(item)) is not _NO_VALUE}

    def condition(self, name: str) -> bool:
        """Return the value of a condition of the template. Raises `StackError` if there is no such condition."""
        if name not in self.conditions:
            raise StackError(f"template.yaml has no condition {name}")
        return bool(self.resolve(self.conditions[name]))

    def _call(self, name: str, argument: Any) -> Any:
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.condition,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": lambda a: a[0].join(str(part) for part in self.resolve(a[1])),
            "Fn::Select": lambda a: self.resolve(a[1])[int(self.resolve(a[0]))],
            "Fn::Split": lambda a: self.resolve(a[1]).split(a[0]),
            "Fn::If": lambda a: self.resolve(a[1] if self.condition(a[0]) else a[2]),
            "Fn::Equals": lambda a: self.resolve(a[0]) == self.resolve(a[1]),
            "Fn::Not": lambda a: not self.resolve(a[0]),
            "Fn::And": lambda a: all(self.resolve(part) for part in a),
            "Fn::Or": lambda a: any(self.resolve(part) for part in a),
            "Fn::FindInMap": self._find_in_map,
        }
        if name not in functions:
            raise StackError(f"template.yaml: the local stack does not support {name} in an API definition")
        return functions[name](argument)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name not in self.references:
            raise StackError(f"template.yaml: !Ref {name} refers to nothing in the local stack")
        return self.references[name]

    def _get_att(self, argument: Any) -> str:
        name = argument if isinstance(argument, str) else ".".join(argument)
        if name not in self.attributes:
            raise StackError(f"template.yaml: !GetAtt {name} refers to nothing in the local stack")
        return self.attributes[name]

    def _sub(self, argument: Any) -> str:
        text, local = (argument, {}) if isinstance(argument, str) else argument

        def value(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return "${" + name + "}"
            if name in local:
                return str(self.resolve(local[name]))
            return str(self._get_att(name) if "." in name else self._ref(name))

        return _PLACEHOLDER.sub(value, text)

    def _find_in_map(self, argument: Any) -> Any:
        table, row, column = (self.resolve(part) for part in argument)
        return self.mappings[table][row][column]
