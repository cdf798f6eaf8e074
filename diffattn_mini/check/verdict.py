"""What an answer gets back: text that reads well anywhere, and as HTML in a notebook."""

import html
import textwrap
from dataclasses import dataclass, field

from ..language import get_language


@dataclass(frozen=True)
class Verdict:
    """What became of an answer. `hint` is the key of the mistake that explains it, or None."""

    passed: bool
    solved: bool
    message: str
    hint: str | None = None
    language: str = field(default_factory=get_language)

    def __repr__(self) -> str:
        return self.message

    def _repr_html_(self) -> str:
        state = "passed" if self.passed else "failed" if self.solved else "unsolved"
        blocks = "".join(map(_html_block, self.message.split("\n\n")))
        return (
            f'<div class="check-verdict {state}" lang="{self.language}" role="status" style="margin: .5em 0; '
            f'padding: .1em 1em; border: 1px solid currentColor; border-left-width: .4em">{blocks}</div>'
        )


def _html_block(block: str) -> str:
    """A paragraph, or, where it is indented, preformatted text; `code` between backticks."""
    if block.startswith("    "):
        style = "white-space: pre-wrap; overflow-wrap: anywhere; background: none; color: inherit"
        return f'<pre style="{style}">{html.escape(textwrap.dedent(block))}</pre>'
    parts = html.escape(block).split("`")
    code = [f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts)]
    return f"<p>{''.join(code)}</p>"
