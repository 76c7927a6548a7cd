"""Rendering templates: Jinja for the layout, bound values for everything else.

What `{{ … }}` prints becomes a placeholder, so that the text Jinja gives is a skeleton (`generator.render.skeleton`)
made of template text alone. Undefined names are errors, the sandbox is on, loops and macros are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.filters import do_indent
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from generator.errors import ConfigError, Fault, Location, Reason, nearest
from generator.render import template_rules
from generator.render.skeleton import CLOSE, OPEN, Binder, BindError, compile_skeleton, placeholder
from generator.render.written import Document, Text, text_of

TOP = "templates/"
MAX_STEPS = 20_000
MAX_TEXT = 1 << 20
MAX_INDENT = 100
#: Templates kept compiled in a process, for all renderers; a blueprint has about a dozen.
MAX_COMPILED = 256
#: Skeletons kept parsed; a blueprint has about a dozen templates of a few shapes each.
MAX_SKELETONS = 512
#: Of values that one template prints, so many are written down once for all.
MAX_PLACEHOLDERS = 256
_PLAIN = (str, int, Mapping, list, tuple)
_EMPTY: tuple[object, ...] = ([], (), {}, "")
_OF_MAPPINGS = frozenset(dir(dict))
#: A placeholder's characters by their number, which YAML would read as them.
_ESCAPED = re.compile(r"\\(?:u|U0000)e00[01]", re.IGNORECASE)
_UNDEFINED_NAME = re.compile(r"'([^']*)'")


class _Shape(NamedTuple):
    bind: Binder
    write: Text | None


class Renderer:
    """Renders templates handed in as texts by path (`templates/…`, `environments/…`).

    Compiles a template when it is first asked for, once in a process, and parses each shape of its output once. One
    whose subjects (`template_rules.subjects`) are all empty is run once. Keeps the values of the render under way, so
    an instance must not be used by two threads at once.
    """

    def __init__(self, templates: Mapping[str, str]) -> None:
        self._loader = _Loader(templates)
        self._environment = _Environment(self._loader)
        self._skeletons: dict[str, tuple[_Shape, ...]] = {}
        self._without_subjects: dict[str, tuple[Document, ...]] = {}

    def render(self, name: str, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The data of the `documents` of template `name`."""
        return tuple(document.data for document in self.documents(name, values))

    def documents(self, name: str, values: Mapping[str, Any]) -> tuple[Document, ...]:
        """The documents of template `name`; empty ones are left out.

        Raises `ConfigError`: TemplateInvalid (syntax, undefined name, forbidden construct, output that is not YAML) or
        TemplateUnbounded, each with the template's file and, where known, line.
        """
        if name in self._without_subjects and self._lacks_subjects(name, values):
            return self._without_subjects[name]
        documents = self._bound(self._text(name, values), name)
        if self._lacks_subjects(name, values):
            self._without_subjects[name] = documents
        return documents

    def _lacks_subjects(self, name: str, values: Mapping[str, Any]) -> bool:
        subjects = self._loader.subjects[name]
        return bool(subjects) and all(values.get(subject) in _EMPTY for subject in subjects)

    def _text(self, name: str, values: Mapping[str, Any]) -> str:
        environment = self._environment
        environment.reset()
        try:
            return environment.get_template(name).render(values)
        except jinja2.TemplateSyntaxError as err:
            fault = Fault(err.message or "syntax error", Location(err.filename or name, err.lineno))
            raise ConfigError(Reason.TEMPLATE_INVALID, fault) from err
        except jinja2.TemplateNotFound as err:
            fault = Fault(f"there is no template {err.name}", Location(name))
            raise ConfigError(Reason.TEMPLATE_INVALID, fault) from err
        except jinja2.UndefinedError as err:
            raise ConfigError(Reason.TEMPLATE_INVALID, _undefined(err, name, values)) from err
        except (_UnboundedError, RecursionError) as err:
            fault = Fault(
                "the template does not come to an end",
                _place(err, name),
                allowed=f"{MAX_STEPS} steps of loops and macros, {MAX_TEXT} characters",
            )
            raise ConfigError(Reason.TEMPLATE_UNBOUNDED, fault) from err
        except (jinja2.TemplateRuntimeError, TypeError, ValueError, AttributeError, ArithmeticError) as err:
            raise ConfigError(Reason.TEMPLATE_INVALID, Fault(str(err), _place(err, name))) from err

    def _bound(self, text: str, name: str) -> tuple[Document, ...]:
        shapes = self._skeletons.get(text)
        if shapes is None:
            shapes = self._parsed(text, name)
            if len(self._skeletons) >= MAX_SKELETONS:
                self._skeletons.pop(next(iter(self._skeletons)))
            self._skeletons[text] = shapes
        values = self._environment.values
        try:
            return tuple(Document(shape.bind(values), values, shape.write) for shape in shapes)
        except BindError as err:
            raise ConfigError(Reason.TEMPLATE_INVALID, Fault(str(err), Location(name))) from err

    @staticmethod
    def _parsed(text: str, name: str) -> tuple[_Shape, ...]:
        if len(text) > MAX_TEXT:
            fault = Fault(f"gives {len(text)} characters", Location(name), allowed=f"{MAX_TEXT}")
            raise ConfigError(Reason.TEMPLATE_UNBOUNDED, fault)
        if found := _ESCAPED.search(text):
            fault = Fault(f"holds a private-use character, {found[0]}", Location(name))
            raise ConfigError(Reason.TEMPLATE_INVALID, fault)
        try:
            return tuple(_Shape(shape.bind, text_of(shape.tree)) for shape in compile_skeleton(text))
        except ConfigError as err:
            raise ConfigError(Reason.TEMPLATE_INVALID, [_not_yaml(fault, text, name) for fault in err.faults]) from err


@lru_cache(MAX_PLACEHOLDERS)
def _placeholder(index: int) -> Markup:
    return Markup(placeholder(index))  # noqa: S704 - our own two characters and a number


class _UnboundedError(Exception):
    """More steps than a template may take."""


class _Generator(CodeGenerator):
    """Prints what `_finalize` gives as it is: marked text already, which Jinja would escape, and leave as it is."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:  # noqa: ARG002 - as in Jinja
        self.write(finalize.src)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:  # noqa: ARG002 - as in Jinja
        self.write(")")


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja with our rules. Holds the values and the step count of the render under way."""

    code_generator_class = _Generator

    def __init__(self, loader: jinja2.BaseLoader | None = None) -> None:
        super().__init__(
            loader=loader,
            undefined=jinja2.StrictUndefined,
            # Marks what macros give as text of templates; a value is never so marked.
            autoescape=True,
            finalize=self._finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            optimized=False,  # looking for constants to fold takes longer than what it saves
        )
        self.globals.clear()
        self.filters = {
            "indent": _indented,
            template_rules.COUNT_ITEMS: self._count_items,
            template_rules.COUNT_CALL: self._count_call,
        }
        self.values: list[Any] = []
        self._steps = 0

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether it is a macro, or a mapping's `items`: under a macro's name may be a value, with methods of its own.

        Raises `SecurityError` for all else.
        """
        owner = getattr(obj, "__self__", None)
        if isinstance(obj, Macro) or (isinstance(owner, Mapping) and obj == owner.items):
            return True
        raise SecurityError("a value is called under the name of a macro; give the value another name")

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As Jinja's, which looks among the methods of a mapping first, and finds out by an exception."""
        if type(obj) is dict and attribute in obj and attribute not in _OF_MAPPINGS:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def reset(self) -> None:
        """Start a render."""
        self.values = []
        self._steps = 0

    @jinja2.pass_context  # so that Jinja cannot print constants while it compiles
    def _finalize(self, _: Any, value: Any) -> Any:
        if isinstance(value, Markup):
            return value
        if isinstance(value, jinja2.Undefined):
            return str(value)  # raises: the undefined name
        if value is not None and not isinstance(value, _PLAIN):
            raise TypeError(
                f"a {type(value).__name__} cannot be printed; print text, numbers, truth values, lists, mappings"
            )
        self.values.append(value)
        self._step()
        return _placeholder(len(self.values) - 1)

    def _count_items(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self._step()
            yield item

    def _count_call(self, _: Any) -> None:
        self._step()

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise _UnboundedError


def _indented(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    """Jinja's filter, where what a macro gave is marked as text of templates once, and not line by line.

    Raises `ValueError` for more than `MAX_INDENT` characters a line.
    """
    if (width if isinstance(width, int) else len(width)) > MAX_INDENT:
        raise ValueError(f"indents by more than {MAX_INDENT} characters")
    if not isinstance(text, Markup):
        return do_indent(text, width, first, blank)
    return Markup(do_indent(str.__str__(text), width, first, blank))  # noqa: S704 - text of templates already


@lru_cache(MAX_COMPILED)
def _code(source: str, name: str, path: str) -> tuple[CodeType, frozenset[str]]:
    """What a template compiles to, checked and instrumented: the same for every environment, which it is run in.

    Beside it, its subjects.

    Raises `TemplateSyntaxError` and `ConfigError` (TemplateInvalid).
    """
    environment = _Environment()
    tree = environment.parse(source, name, path)
    if faults := template_rules.check(tree, path):
        raise ConfigError(Reason.TEMPLATE_INVALID, faults)
    subjects = template_rules.subjects(tree)
    template_rules.instrument(tree)
    try:
        return environment.compile(tree, name, path), subjects
    except SyntaxError as err:  # Python's own limit on blocks within blocks
        raise jinja2.TemplateSyntaxError(f"is nested too deep: {err.msg}", 1, name, path) from err


class _Loader(jinja2.BaseLoader):
    """Loads from a mapping, checks and instruments before compiling."""

    def __init__(self, templates: Mapping[str, str]) -> None:
        self._templates = templates
        #: Of those that were loaded, by name.
        self.subjects: dict[str, frozenset[str]] = {}

    def load(
        self,
        environment: jinja2.Environment,
        name: str,
        globals: Any = None,  # noqa: A002 - Jinja's name
    ) -> jinja2.Template:
        path = TOP + name if name.startswith(template_rules.SHARED) else name
        source = self._templates.get(path)
        if source is None:
            raise jinja2.TemplateNotFound(path)
        if OPEN in source or CLOSE in source:
            raise jinja2.TemplateSyntaxError("holds a private-use character, U+E000 or U+E001", 1, name, path)
        code, self.subjects[name] = _code(source, name, path)
        return environment.template_class.from_code(environment, code, dict(globals or {}))


def _not_yaml(fault: Fault, text: str, name: str) -> Fault:
    """The fault of a skeleton, with the line of it that is wrong: the template's own line is not known."""
    lines = text.splitlines()
    number = fault.where.line if fault.where else 0
    line = lines[number - 1].strip()[:80] if 0 < number <= len(lines) else ""
    shown = re.sub(f"{OPEN}[0-9]+{CLOSE}", "{{ … }}", line)
    return Fault(f"gives YAML with a mistake at {shown!r}: {fault.message}", Location(name), allowed=fault.allowed)


def _undefined(error: jinja2.UndefinedError, name: str, values: Mapping[str, Any]) -> Fault:
    message = error.message or "a name is undefined"
    found = _UNDEFINED_NAME.findall(message)
    missing = found[-1] if found else ""
    known = sorted({*values, *(key for value in values.values() if isinstance(value, Mapping) for key in value)})
    return Fault(message, _place(error, name), field=missing, nearest=nearest(missing, known))


def _place(error: BaseException, name: str) -> Location:
    """The template line that `error` was raised at: the innermost frame of a template's code."""
    place = Location(name)
    traceback = error.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            place = Location(file, traceback.tb_lineno)
        traceback = traceback.tb_next
    return place
