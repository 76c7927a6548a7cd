"""What checkers of others say of rendered accounts and we leave as it is, each with why."""

from __future__ import annotations

#: cfn-lint: (rule, object) → why.
CFN_LINT = {
    ("W3691", "Database"): "RDS takes a major version and picks the minor; one of its own would be refused, or be an"
    " attempt to go back, once RDS has upgraded the database by itself",
}
#: parliament: (finding, role) → why.
PARLIAMENT: dict[tuple[str, str], str] = {}
