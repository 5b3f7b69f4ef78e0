"""What all pages stand on: templates, style sheet, and the policy that lets a page load and run nothing."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from activity.report import palette, wording


@dataclass(frozen=True, slots=True)
class Style:
    """A style sheet, and the content security policy that allows it by its hash and nothing else."""

    sheet: Markup
    policy: str


@cache
def environment() -> Environment:
    """Return the templates of the pages, with the filters that they use."""
    found = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "count": wording.count,
        "plural": wording.plural,
        "duration": wording.duration,
        "long_date": wording.long_date,
        "short_date": wording.short_date,
        "minus": wording.minus,
        "sentence": wording.sentence,
        "beside": wording.source_beside,
    }
    return found


@cache
def style(*sheets: str) -> Style:
    """Return the colours and the named style sheets as one."""
    text = f"\n{palette.css_variables()}{''.join(map(_template, sheets))}"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return Style(Markup(text), policy)  # noqa: S704 - our own style sheet, no data in it


def _template(name: str) -> str:
    return files("activity.report").joinpath("templates", name).read_text(encoding="utf-8")
