"""What a template may say, and the counting that keeps it from running without end.

Templates lay out, Python computes: conditions, loops over given values, and values. Everything else is refused with its
place, before it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from jinja2 import nodes

from generator.errors import Fault, Location

SHARED = "_shared/"
#: Names of the filters that count steps; templates cannot name them (they are no identifiers).
COUNT_ITEMS, COUNT_CALL = "count items", "count call"

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const, nodes.List,
    nodes.Tuple, nodes.Dict, nodes.Pair, nodes.If, nodes.For, nodes.Compare, nodes.Operand, nodes.And, nodes.Or,
    nodes.Not, nodes.Test, nodes.CondExpr, nodes.Import, nodes.FromImport, nodes.Macro, nodes.Call, nodes.Keyword,
    nodes.Filter,
)  # fmt: skip
_REMEDIES = {
    "Concat": "write the parts one after the other: {{ a }}{{ b }}",
    "Assign": "compute the value in Python (generator/render/context.py)",
    "AssignBlock": "compute the value in Python (generator/render/context.py)",
    "Include": "import a macro from templates/_shared/",
    "Extends": "a file of the same name in the blueprint or the overlay replaces a template",
}


def check(template: nodes.Template, name: str) -> tuple[Fault, ...]:
    """A fault for everything in `template` that is not allowed."""
    return tuple(_faults(template, name, outputs=_direct_outputs(template)))


def instrument(template: nodes.Template) -> None:
    """Make every loop and macro of `template` count its steps."""
    for node in list(template.find_all((nodes.For, nodes.Macro))):
        match node:
            case nodes.For():
                node.iter = _filtered(node.iter, COUNT_ITEMS, node)
            case nodes.Macro():
                nothing = nodes.Const(0, lineno=node.lineno, environment=node.environment)
                counter = nodes.ExprStmt(_filtered(nothing, COUNT_CALL, node), lineno=node.lineno)
                node.body.insert(0, counter)


def subjects(template: nodes.Template) -> frozenset[str]:
    """Names of the values that all of a template is about; none: it has text without them too, or is about others.

    It loops over them, or asks whether they are there, and prints nothing beside that: while all of them are empty, its
    text is always the same. To be called before `instrument`.
    """
    found: set[str] = set()
    for node in template.body:
        match node:
            case nodes.For(iter=nodes.Name(name=name), else_=[]):
                found.add(name)
            case nodes.If(test=nodes.Name(name=name), elif_=[], else_=[]):
                found.add(name)
            case nodes.Output() if all(isinstance(part, nodes.TemplateData) for part in node.nodes):
                pass
            case nodes.Import(with_context=False) | nodes.FromImport(with_context=False) | nodes.Macro():
                pass
            case _:
                return frozenset()
    return frozenset() if found & _macros(template) else frozenset(found)


def _filtered(node: nodes.Node, name: str, beside: nodes.Node) -> nodes.Filter:
    expression = cast("nodes.Expr", node)
    return nodes.Filter(expression, name, [], [], None, None, lineno=beside.lineno, environment=beside.environment)


def _macros(template: nodes.Template) -> set[str]:
    """The names that macros are called by: of modules, of macros taken from them, of the template's own."""
    names: set[str] = set()
    for node in template.find_all((nodes.Import, nodes.Macro, nodes.FromImport)):
        match node:
            case nodes.Import():
                names.add(node.target)
            case nodes.Macro():
                names.add(node.name)
            case nodes.FromImport():
                names |= {name if isinstance(name, str) else name[1] for name in node.names}
    return names


def _direct_outputs(template: nodes.Template) -> set[int]:
    """The ids of macro calls and their filters that are printed as they are: the only place for a macro's result."""
    macros = _macros(template)
    direct: set[int] = set()
    for output in template.find_all(nodes.Output):
        for node in output.nodes:
            call = node.node if isinstance(node, nodes.Filter) else node
            if isinstance(call, nodes.Call):
                module = call.node.node if isinstance(call.node, nodes.Getattr) else call.node
                # A value's own method is no macro: 'x'.center(10**10) would take all memory.
                if isinstance(module, nodes.Name) and module.name in macros:
                    direct |= {id(node), id(call)}
    return direct


def _faults(node: nodes.Node, name: str, *, outputs: set[int]) -> Iterator[Fault]:
    if (wrong := _wrong(node, outputs)) is not None:
        message, remedy = wrong
        yield Fault(message, Location(name, node.lineno), remedy=remedy)
    for child in node.iter_child_nodes():
        yield from _faults(child, name, outputs=outputs)


def _wrong(node: nodes.Node, outputs: set[int]) -> tuple[str, str] | None:
    """Why `node` is not allowed and what to do instead, or None."""
    kind = type(node).__name__
    match node:
        case nodes.For(recursive=True):
            return "a recursive loop is not allowed in a template", "loop over prepared values"
        case nodes.Filter(name="indent") if id(node) in outputs and isinstance(node.node, nodes.Call):
            return None
        case nodes.Filter():
            return f"the filter {node.name!r} is not allowed here", "only a printed macro may have one: indent"
        case nodes.Call(node=nodes.Getattr(attr="items")) if not node.args:
            return None
        case nodes.Call() if id(node) not in outputs:
            return "a call is not allowed here", "macros are printed as they are; values are prepared in Python"
        case nodes.Import() | nodes.FromImport():
            template = node.template.value if isinstance(node.template, nodes.Const) else ""
            if not str(template).startswith(SHARED):
                return "only macros below _shared/ can be imported", "{% import '_shared/NAME.j2' as NAME %}"
        case _ if not isinstance(node, _ALLOWED):
            return f"{kind} is not allowed in a template", _REMEDIES.get(kind, "only if, for, macros and values are")
    return None
