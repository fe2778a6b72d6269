"""Mutation operators: generate the mutants of a module, each with one small mistake that a test should notice.

A mutant is a text replacement, found in the syntax tree. Code without behaviour is not mutated: docstrings,
annotations, protocols, code for type checkers only, and the text of messages.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Final

COMPARISONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
ARITHMETIC: Final[dict[type[ast.operator], str]] = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.FloorDiv: "*", ast.Div: "*", ast.Mod: "//", ast.Pow: "*",
    ast.BitOr: "&", ast.BitAnd: "|", ast.LShift: ">>", ast.RShift: "<<",
}  # fmt: skip
NAMES: Final = {
    "max": "min", "min": "max", "any": "all", "all": "any", "sum": "len", "round": "int", "sorted": "list",
    "ROUND_CEILING": "ROUND_HALF_EVEN",
}  # fmt: skip
ARGUMENT_MUTANTS: Final = {"max", "min"}  # for these, each argument alone is a mutant, too
SMALL: Final = 20  # constants up to this are incremented; larger ones, which are measures and not counts, are doubled
_SHOWN: Final = 60  # characters of code in a mutant's name
DELETED: Final = (ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one mistake. `change` describes it. `name` adds the line's text, so it survives other edits."""

    name: str
    change: str
    source: str


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str
    line: int


def mutants_of(file: str, source: str) -> list[Mutant]:
    """Return all mutants of a module, in line order. `file` is only used in their names."""
    data = source.encode()
    finder = _Finder(data)
    finder.visit(ast.parse(source))
    found: dict[str, Mutant] = {}
    for edit in sorted(finder.edits, key=lambda edit: (edit.start, edit.end, edit.text)):
        before, after = data[edit.start : edit.end].decode(), edit.text
        changed = (data[: edit.start] + after.encode() + data[edit.end :]).decode()
        line = " ".join(source.splitlines()[edit.line - 1].split())
        change = f"{_short(before)} → {_short(after)}"
        name, number = f"{file}: {line} [{change}]", 2
        while name in found:
            name, number = f"{file}: {line} [{change}, {number}]", number + 1
        found[name] = Mutant(name, change, changed)
    return list(found.values())


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " ..."


class _Finder(ast.NodeVisitor):
    """Collects the edits. Positions in the tree count bytes of a line; those of edits count bytes of the text."""

    def __init__(self, data: bytes) -> None:
        self.edits: list[_Edit] = []
        self._data = data
        self._starts = [0]
        for line in data.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    # ---------------------------------------------------------------- not mutated
    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if "Protocol" not in {ast.unparse(base).split("[")[0] for base in node.bases}:
            self._body(node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        self._body(node.body)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self._delete(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Skip f-strings: their parts have no positions before Python 3.12, and most are messages."""

    def visit_Import(self, node: ast.Import) -> None:
        """Skip imports: a module without one does not run at all."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Skip imports."""

    def _body(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
                self.visit(statement)

    # ---------------------------------------------------------------- operators
    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
            self._operator(left, right, COMPARISONS[type(operator)])
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in ARITHMETIC and not _is_text(node.left) and not _is_text(node.right):
            self._operator(node.left, node.right, ARITHMETIC[type(node.op)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        word = "or" if isinstance(node.op, ast.And) else "and"
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._operator(left, right, word)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.USub | ast.Not):
            self._replace(node, self._text(node.operand))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._replace(node, str(not node.value))
        elif isinstance(node.value, int | float):
            self._replace(node, str(node.value + 1 if abs(node.value) <= SMALL else node.value * 2))

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in NAMES and isinstance(node.ctx, ast.Load):
            self._replace(node, NAMES[node.id])

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in ARGUMENT_MUTANTS and len(node.args) > 1:
            for argument in (each for each in node.args if not isinstance(each, ast.Starred)):
                self._replace(node, self._text(argument))
        self.generic_visit(node)

    # ---------------------------------------------------------------- conditions
    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) == "TYPE_CHECKING":
            return
        self._negate(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self._negate(condition)
        self.generic_visit(node)

    def _negate(self, test: ast.expr) -> None:
        """Negate a condition. A comparison and a `not` already have equivalent mutants."""
        if not isinstance(test, ast.Compare | ast.Constant) and not _is_negation(test):
            self._replace(test, f"(not ({self._text(test)}))")

    # ---------------------------------------------------------------- statements
    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self._delete(node)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.targets[0], ast.Attribute | ast.Subscript):
            self._delete(node)
        self.visit(node.value)

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, DELETED):
            self._delete(node)
        if isinstance(node, ast.Raise):
            return  # its message is not mutated
        super().generic_visit(node)

    def _delete(self, node: ast.stmt) -> None:
        if not isinstance(node, ast.AnnAssign) or isinstance(node.target, ast.Attribute | ast.Subscript):
            self._replace(node, "pass")

    # ---------------------------------------------------------------- positions
    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None  # noqa: S101 - parsed from text
        assert node.end_col_offset is not None  # noqa: S101
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _text(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self._data[start:end].decode()

    def _replace(self, node: ast.expr | ast.stmt, text: str) -> None:
        self.edits.append(_Edit(*self._span(node), text, node.lineno))

    def _operator(self, left: ast.expr, right: ast.expr, text: str) -> None:
        """Replace the operator, which is between two operands with parentheses, spaces and perhaps newlines."""
        start, end = self._span(left)[1], self._span(right)[0]
        between = re.sub(r"#.*", lambda comment: " " * len(comment[0].encode()), self._data[start:end].decode())
        word = between.strip(" ()\n\t\\")
        at = start + len(between[: between.index(word)].encode())
        line = self._data.count(b"\n", 0, at) + 1
        self.edits.append(_Edit(at, at + len(word.encode()), text, line))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _is_negation(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
