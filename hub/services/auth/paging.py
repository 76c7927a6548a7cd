"""Pages of sign-in that work without a script: a heading, a text, a form."""

from __future__ import annotations

import html

from fastapi.responses import HTMLResponse, Response

from hub.views.speaking import say, spoken

CSS = """body{font:1rem/1.5 system-ui,sans-serif;margin:3rem auto;max-width:34rem;padding:0 1rem}
code{font-size:1.5rem;letter-spacing:.1em}
button,input{font:inherit;padding:.5rem 1rem;margin:.5rem .5rem 0 0}
@media (prefers-color-scheme:dark){body{background:#111;color:#eee}}
"""


def page(title: str, body: str, status: int = 200, *, head: str = "") -> Response:
    """A page. `title` is said in the reader's language; `body` and `head` are HTML."""
    title = html.escape(say(title))
    text = (
        f'<!doctype html><html lang="{spoken()}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/api/auth/page.css">{head}</head><body><main><h1>{title}</h1>{body}'
        "</main></body></html>"
    )
    return HTMLResponse(text, status)
