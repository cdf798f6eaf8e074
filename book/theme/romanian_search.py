"""Romanian search that does not care about diacritics: "atentie" finds "atenție".

Both sides do the same: strip the diacritics, then stem. Python does it when the index is written,
JavaScript when the reader asks.
"""
import unicodedata

from sphinx.search.ro import SearchRomanian

# Sphinx writes this behind the stemmer, in the place it keeps for code of the language.
FOLD_JS = r"""
const RomanianWord = Stemmer;
Stemmer = function () {
  const stemmer = new RomanianWord();
  this.stemWord = (word) => stemmer.stemWord(word.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, ""));
};
"""


def fold(word):
    """The word in small letters, without diacritics.

    >>> fold("Atenției")
    'atentiei'
    """
    apart = unicodedata.normalize("NFD", word.lower())
    return "".join(letter for letter in apart if not "\u0300" <= letter <= "\u036f")


class SearchFoldedRomanian(SearchRomanian):
    js_splitter_code = FOLD_JS

    def stem(self, word):
        return self.stemmer.stemWord(fold(word))


def setup(app):
    app.add_search_language(SearchFoldedRomanian)
