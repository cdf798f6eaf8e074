"""The language of messages and labels: one setting for the whole package."""

LANGUAGES = ("ro", "en")
_current = "en"


def set_language(language: str) -> None:
    """Choose the language of messages and labels: "ro" or "en".

    Raises ValueError for any other language.

    >>> set_language("en")
    """
    global _current
    if language not in LANGUAGES:
        raise ValueError(f"language must be 'ro' or 'en', not {language!r}")
    _current = language


def get_language() -> str:
    """The current language, "ro" or "en"; "en" until set_language is called.

    >>> get_language() in ("ro", "en")
    True
    """
    return _current


def say(ro: str, en: str) -> str:
    """The text of the current language.

    >>> say("hartă", "map") in ("hartă", "map")
    True
    """
    return ro if _current == "ro" else en
