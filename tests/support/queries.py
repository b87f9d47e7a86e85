"""Reads PromQL as dashboards and rules have it, and says what is wrong with it before Prometheus does.

A query is parsed, so that wrong types show, and then followed from its selectors outwards with the labels that each
part still has: an unknown metric or label, a value that a closed label never takes, a grouping by a label that is gone,
and two sides whose labels can never match are all found.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import promql_parser as promql

from tests.support.known_metrics import KnownMetrics, Series, can_match

_RANGES: Final = {"__rate_interval": "5m", "__interval": "1m", "__range": "1h"}
_MACRO: Final = re.compile(r"\$\{(?P<braced>\w+)(?::\w+)?\}|\$(?P<plain>\w+)|\[\[(?P<old>\w+)(?::\w+)?\]\]")
_ANYTHING: Final = ".*"
_LABEL_VALUES: Final = re.compile(
    r"label_values\(\s*(?:(?P<query>.+?)\s*,\s*)?(?P<label>\w+)\s*\)", re.DOTALL
)
_QUERY_RESULT: Final = re.compile(r"query_result\((?P<query>.+)\)", re.DOTALL)

_SETS: Final = {"and", "or", "unless"}
_KEEP_LABELS: Final = {"topk", "bottomk", "limitk", "limit_ratio"}
_NO_LABELS: Final = {"vector", "time", "scalar", "pi", "absent", "absent_over_time"}
_RELABEL: Final = {"label_replace": 3, "label_join": 3}
"""Functions that write a label, with where the labels that they read begin."""

Labels = frozenset[str]


class WrongQuery(Exception):
    """A query that Prometheus would refuse, or whose names are wrong; says each fault on a line."""


def without_macros(query: str) -> str:
    """Put what Grafana would in the place of its macros and variables; a variable stands for anything."""

    def replaced(found: re.Match[str]) -> str:
        name = found["braced"] or found["plain"] or found["old"]
        return _RANGES.get(name, _ANYTHING)

    return _MACRO.sub(replaced, query)


def query_of_variable(query: str) -> tuple[str | None, str | None]:
    """Split a template variable's query into its PromQL and the label that it lists, either of which may be absent."""
    if found := _LABEL_VALUES.fullmatch(query.strip()):
        return found["query"], found["label"]
    if found := _QUERY_RESULT.fullmatch(query.strip()):
        return found["query"], None
    return query, None


def parse(query: str) -> promql.Expr:
    """Parse a query after replacing its macros; raises WrongQuery with the parser's reason."""
    try:
        return promql.parse(without_macros(query))
    except ValueError as error:
        raise WrongQuery(f"{query}: {error}") from None


def selectors(expr: promql.Expr) -> Iterator[promql.VectorSelector]:
    """Every vector selector of a parsed query, also those inside ranges and subqueries."""
    found: list[promql.VectorSelector] = []

    def visit(node: promql.Expr) -> None:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        elif isinstance(node, promql.MatrixSelector):
            found.append(node.vector_selector)

    promql.walk(expr, visit)
    # The walk may or may not go into a range by itself.
    return iter({id(each): each for each in found}.values())


def name_of(selector: promql.VectorSelector) -> str | None:
    """The metric that a selector names, also by `__name__`; None where it names none outright."""
    if selector.name:
        return selector.name
    names = [
        m.value for m in selector.matchers.matchers if m.name == "__name__" and m.op == promql.MatchOp.Equal
    ]
    return names[0] if names else None


def metrics_used(queries: Iterable[str]) -> frozenset[str]:
    """Every series name that some queries select."""
    return frozenset(name for query in queries for each in selectors(parse(query)) if (name := name_of(each)))


def faults(query: str, known: KnownMetrics) -> list[str]:
    """Say what is wrong with a query, one line each; nothing where all is right."""
    try:
        expr = parse(query)
    except WrongQuery as error:
        return [str(error)]
    follower = _Follower(known)
    follower.labels(expr)
    return [f"{query}: {fault}" for fault in follower.faults]


def check(query: str, known: KnownMetrics) -> None:
    """Raise WrongQuery where something is wrong with a query."""
    if found := faults(query, known):
        raise WrongQuery("\n".join(found))


def faults_of_variable(query: str, known: KnownMetrics) -> list[str]:
    """Say what is wrong with the query of a template variable, such as `label_values(up, job)`."""
    inner, label = query_of_variable(query)
    if inner is None:
        return []
    found = faults(inner, known)
    if found or label is None:
        return found
    has = labels_of(inner, known)
    return [] if label in has else [f"{query}: there is no label {label}, only {_list(has)}"]


def labels_of(query: str, known: KnownMetrics) -> Labels:
    """The labels that the answer of a right query can have; raises WrongQuery for a wrong one."""
    check(query, known)
    return _Follower(known).labels(parse(query))


def recorded(rules: Iterable[tuple[str, str, Iterable[str]]], known: KnownMetrics) -> KnownMetrics:
    """Know recording rules too: each a name, a query and further labels; a rule may use those before it.

    Of several rules for one name, told apart by their further labels, the series have the labels of all.
    """
    for name, query, extra in rules:
        before = known[name].labels if name in known else frozenset()
        labels = labels_of(query, known) | frozenset(extra) | before
        known = known.with_recorded([Series(name, name, labels)])
    return known


class _Follower:
    """Follows labels through a query from its selectors outwards, noting faults."""

    def __init__(self, known: KnownMetrics) -> None:
        self._known = known
        self.faults: list[str] = []

    def labels(self, node: Any) -> Labels:  # noqa: PLR0911  (one return for each kind of node)
        """The labels that a node's answer can have; a number or a text has none."""
        match node:
            case promql.VectorSelector():
                return self._selector(node)
            case promql.MatrixSelector():
                return self._selector(node.vector_selector)
            case promql.SubqueryExpr() | promql.ParenExpr() | promql.UnaryExpr():
                return self.labels(node.expr)
            case promql.AggregateExpr():
                return self._aggregate(node)
            case promql.BinaryExpr():
                return self._binary(node)
            case promql.Call():
                return self._call(node)
            case _:
                return frozenset()

    def _selector(self, selector: promql.VectorSelector) -> Labels:
        name = name_of(selector)
        if name is None:
            self.faults.append("a selector names no metric")
            return frozenset()
        if name not in self._known:
            nearest = self._known.nearest(name)
            self.faults.append(
                f"there is no metric {name}" + (f"; did you mean {nearest}?" if nearest else "")
            )
            return frozenset()
        series = self._known[name]
        for matcher in selector.matchers.matchers:
            self._matcher(series, matcher)
        return series.labels

    def _matcher(self, series: Series, matcher: promql.Matcher) -> None:
        if matcher.name == "__name__":
            return
        if matcher.name not in series.labels:
            self.faults.append(f"{series.name} has no label {matcher.name}, only {_list(series.labels)}")
            return
        values = series.values.get(matcher.name)
        if values is None or matcher.value in {"", _ANYTHING}:
            return
        exact = matcher.op == promql.MatchOp.Equal or matcher.op == promql.MatchOp.NotEqual  # noqa: PLR1714  (not hashable)
        if not (matcher.value in values if exact else can_match(matcher.value, values)):
            self.faults.append(
                f"{matcher.name} of {series.name} is never {matcher.value!r}, only {_list(values)}"
            )

    def _aggregate(self, node: promql.AggregateExpr) -> Labels:
        inner = self.labels(node.expr)
        if node.param is not None:
            self.labels(node.param)
        if str(node.op) in _KEEP_LABELS:
            return inner
        if node.modifier is None:
            return frozenset()
        named = frozenset(node.modifier.labels)
        self._need(named, inner, "grouped")
        return named if node.modifier.type == promql.AggModifierType.By else inner - named

    def _call(self, node: promql.Call) -> Labels:
        name = node.func.name
        given: Labels = frozenset().union(*(self.labels(each) for each in node.args))
        if name in _NO_LABELS:
            return self._equalled(node) if name.startswith("absent") else frozenset()
        if name == "histogram_quantile":
            self._need(frozenset({"le"}), given, "needed by histogram_quantile")
            return given - {"le"}
        if name in _RELABEL:
            texts = [each.val for each in node.args if isinstance(each, promql.StringLiteral)]
            read = texts[2:3] if name == "label_replace" else texts[2:]
            self._need(frozenset(read), given, f"read by {name}")
            return given | {texts[0]}
        return given

    @staticmethod
    def _equalled(node: promql.Call) -> Labels:
        """Absence has the labels that the selector asks to be equal to something."""
        inner = node.args[0]
        selector = inner.vector_selector if isinstance(inner, promql.MatrixSelector) else inner
        if not isinstance(selector, promql.VectorSelector):
            return frozenset()
        return frozenset(
            m.name
            for m in selector.matchers.matchers
            if m.op == promql.MatchOp.Equal and m.name != "__name__"
        )

    def _binary(self, node: promql.BinaryExpr) -> Labels:
        left, right = self.labels(node.lhs), self.labels(node.rhs)
        if _is_number(node.lhs) or _is_number(node.rhs):
            return left | right
        operator, modifier = str(node.op), node.modifier
        if modifier is None or (matching := modifier.matching) is None:
            if operator != "or" and left != right:
                self.faults.append(
                    f"the sides of {operator} never match: {_list(left)} against {_list(right)}; say on(…) or ignoring(…)"
                )
            return left | right if operator == "or" else left
        named = frozenset(matching.labels)
        if matching.type == promql.LabelModifierType.Include:
            self._need(named, left & right, "matched on")
        else:
            self._need(named, left | right, "ignored")
        if operator in _SETS:
            return left | right if operator == "or" else left
        return self._joined(modifier, left, right, named)

    def _joined(self, modifier: promql.BinModifier, left: Labels, right: Labels, named: Labels) -> Labels:
        taken = frozenset(modifier.group_labels or ())
        if modifier.card == promql.VectorMatchCardinality.ManyToOne:
            self._need(taken, right, "taken from the right")
            return left | taken
        if modifier.card == promql.VectorMatchCardinality.OneToMany:
            self._need(taken, left, "taken from the left")
            return right | taken
        include = modifier.matching is not None and modifier.matching.type == promql.LabelModifierType.Include
        return named if include else (left | right) - named

    def _need(self, named: Labels, has: Labels, how: str) -> None:
        # What came out of an unknown metric has no labels; its fault is told already.
        if self.faults and not has:
            return
        self.faults.extend(
            f"label {label} is {how}, but is not there; only {_list(has)}" for label in sorted(named - has)
        )


def _is_number(node: Any) -> bool:
    match node:
        case promql.NumberLiteral():
            return True
        case promql.ParenExpr() | promql.UnaryExpr():
            return _is_number(node.expr)
        case promql.BinaryExpr():
            return _is_number(node.lhs) and _is_number(node.rhs)
        case promql.Call():
            return node.func.name in {"time", "scalar", "pi"}
        case _:
            return False


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
