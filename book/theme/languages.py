"""Which language a page is in, and where its counterpart is."""
from pathlib import PurePosixPath

LANGUAGES = ("ro", "en")


def language_of(docname, default):
    """The language of a page: from its folder when both are built, else the language of the build."""
    return next((part for part in PurePosixPath(docname).parts if part in LANGUAGES), default)


def other(language):
    return LANGUAGES[1 - LANGUAGES.index(language)]


def published(docname):
    """The page's name on its site, `02-softmax` for `notebooks/ro/02-softmax`."""
    return PurePosixPath(docname).name


def counterpart(docname, language):
    """Where the same page is in the other language, relative to the folder of the site's pages."""
    parts = PurePosixPath(docname).parts
    if language in parts:
        return "/".join(other(language) if part == language else part for part in parts)
    return f"../{other(language)}/{docname}"
