"""Admission: webhooks, and policies in expressions, which are not read here."""

from __future__ import annotations

from generator.objects.cursor import Cursor
from generator.objects.manifest import Manifest
from generator.validate.api import formats
from generator.validate.api.checks import Found, at_least, fits, given, once, one_of, says
from generator.validate.api.metadata import selector

_HOOK, _POLICY = "api/webhook", "api/admission-policy"
_PATCHES = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
_RULE_LISTS = ("operations", "apiGroups", "apiVersions", "resources")


def webhooks(manifest: Manifest) -> Found:
    """A MutatingWebhookConfiguration or ValidatingWebhookConfiguration."""
    hooks = Cursor.of(manifest).items("webhooks")
    yield from once([(hook.text("name"), hook.at("name")) for hook in hooks], _HOOK, "webhook")
    for hook in hooks:
        for field in ("name", "sideEffects", "clientConfig"):
            yield from given(hook, field, _HOOK)
        yield from _address(hook.at("clientConfig"))
        yield from at_least(hook, 1, "timeoutSeconds", rule=_HOOK, highest=30)
        if hook.get("sideEffects") not in ("None", "NoneOnDryRun", None):
            yield hook.at("sideEffects").finding(_HOOK, "is not None or NoneOnDryRun", "set one of them")
        if hook.get("admissionReviewVersions") == []:
            yield hook.at("admissionReviewVersions").finding(_HOOK, "is empty", "such as [v1]")
        for version in hook.items("admissionReviewVersions"):
            yield from fits(version, formats.dns_label_1035, _HOOK)
            if version.data == {}:
                yield version.finding(_HOOK, "is null", "such as v1")
        name = hook.text("name")
        if name is not None and (name.count(".") < 2 or formats.subdomain(name)):
            message = f"{name[:80]!r} has less than three parts"
            yield hook.at("name").finding(_HOOK, message, "such as check.hooks.example.com")
        yield from _matches(hook, "rules", _HOOK)


def _address(place: Cursor) -> Found:
    yield from one_of(place, ("url", "service"), _HOOK)
    service = place.at("service")
    for field in ("name", "namespace"):
        yield from given(service, field, _HOOK)
    yield from says(service.at("port"), formats.port_number(service.get("port")), _HOOK, "1 to 65535")
    url = place.text("url")
    if url is not None and not url.startswith("https://"):
        yield place.at("url").finding(_HOOK, "is no address of HTTPS", "such as https://hooks.example.com/check")


def _matches(place: Cursor, rules: str, rule: str) -> Found:
    """What is asked about: `rules`, each with all its lists, and selectors."""
    for one in place.items(rules):
        for field in _RULE_LISTS:
            if not one.get(field):
                yield one.at(field).finding(rule, "is missing", "name one at least, such as '*'")
        for field in ("operations", "apiGroups", "apiVersions"):
            values = one.get(field)
            if isinstance(values, list) and "*" in values and len(values) > 1:
                yield one.at(field).finding(rule, "names '*' and others", "keep '*' alone")
        for field, needed in (("operations", True), ("apiGroups", False), ("apiVersions", True), ("resources", True)):
            for value in one.items(field):
                if needed and value.data in ("", {}):
                    yield value.finding(rule, "is empty", "name it, or remove it")
        yield from _resources(one, rule)
    yield from selector(place.at("namespaceSelector"))
    yield from selector(place.at("objectSelector"))
    yield from _conditions(place, rule)


def _resources(one: Cursor, rule: str) -> Found:
    """`*/*` stands alone; `*` stands beside no resource, of which the API server looks at the last alone."""
    names = [value.data for value in one.items("resources") if isinstance(value.data, str)]
    plain = [name for name in names if "/" not in name]
    if ("*/*" in names and len(names) > 1) or ("*" in plain and plain[-1] != "*"):
        yield one.at("resources").finding(rule, "names '*' and others", "keep '*' alone")


def _conditions(place: Cursor, rule: str) -> Found:
    conditions = place.items("matchConditions")
    yield from once([(one.text("name"), one.at("name")) for one in conditions], rule, "name")
    yield from _named_expressions(conditions, rule, formats.qualified_name)


def _named_expressions(places: list[Cursor], rule: str, check: formats.Check) -> Found:
    for one in places:
        for field in ("name", "expression"):
            yield from given(one, field, rule)
        if one.text("name"):
            yield from fits(one.at("name"), check, rule)


def policy(manifest: Manifest) -> Found:
    """A ValidatingAdmissionPolicy or MutatingAdmissionPolicy."""
    spec = Cursor.of(manifest).at("spec")
    constraints = spec.at("matchConstraints")
    if not constraints.get("resourceRules"):
        place = constraints if constraints.data is None else constraints.at("resourceRules")
        yield place.finding(_POLICY, "is missing", "say which resources it is about")
    for rules in ("resourceRules", "excludeResourceRules"):
        yield from _matches(constraints, rules, _POLICY)
    for field in ("apiVersion", "kind"):
        yield from given(spec.at("paramKind"), field, _POLICY)
    yield from _conditions(spec, _POLICY)
    yield from _named_expressions(spec.items("variables"), _POLICY, _identifier)
    if manifest.kind == "ValidatingAdmissionPolicy":
        yield from _validations(spec)
    else:
        yield from _mutations(spec)


def _identifier(text: str) -> str | None:
    return None if text.isascii() and text.isidentifier() else f"{text[:80]!r} is no identifier"


def _validations(spec: Cursor) -> Found:
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        yield spec.at("validations").finding(_POLICY, "is missing, and so is auditAnnotations", "add one of them")
    for one in spec.items("validations"):
        yield from given(one, "expression", _POLICY)
    for one in spec.items("auditAnnotations"):
        for field in ("key", "valueExpression"):
            yield from given(one, field, _POLICY)


def _mutations(spec: Cursor) -> Found:
    if not spec.get("mutations"):
        yield spec.at("mutations").finding(_POLICY, "is missing", "add one at least")
    if spec.get("reinvocationPolicy") not in ("Never", "IfNeeded"):
        yield spec.at("reinvocationPolicy").finding(_POLICY, "is not Never or IfNeeded", "set one of them")
    for one in spec.items("mutations"):
        kind = one.get("patchType")
        field = _PATCHES.get(kind) if isinstance(kind, str) else None
        if field is None:
            yield one.at("patchType").finding(_POLICY, f"is not {' or '.join(_PATCHES)}", "set one of them")
        elif not one.at(field).get("expression"):
            yield one.at(field, "expression").finding(_POLICY, f"is missing for patchType: {kind}", "set it")


def policy_binding(manifest: Manifest) -> Found:
    """A ValidatingAdmissionPolicyBinding or MutatingAdmissionPolicyBinding."""
    spec = Cursor.of(manifest).at("spec")
    if not spec.get("policyName"):
        yield spec.at("policyName").finding(_POLICY, "is missing", "name the policy")
    yield from fits(spec.at("policyName"), formats.subdomain, _POLICY)
    for rules in ("resourceRules", "excludeResourceRules"):
        yield from _matches(spec.at("matchResources"), rules, _POLICY)
    reference = spec.at("paramRef")
    if isinstance(reference.data, dict):
        yield from one_of(reference, ("name", "selector"), _POLICY)
    if manifest.kind != "ValidatingAdmissionPolicyBinding":
        return
    actions = spec.items("validationActions")
    if not actions:
        yield spec.at("validationActions").finding(_POLICY, "is missing", "such as [Deny]")
    yield from once([(one.data, one) for one in actions], _POLICY, "action")
    named = [one.data for one in actions]
    if "Deny" in named and "Warn" in named:
        yield spec.at("validationActions").finding(_POLICY, "names Deny and Warn", "keep one: both tell the same")
