"""Romanian search that does not care about diacritics: "atentie" finds "atenție".

Both sides do the same: strip the diacritics, then stem. Python does it when the index is written,
JavaScript when the reader asks.
"""
import unicodedata

from sphinx.search.ro import SearchRomanian

FOLD_JS = """
// The index was written without diacritics; ask for the same.
const foldDiacritics = (word) => word.normalize("NFD").replace(/[\\u0300-\\u036f]/g, "");
const stemFolded = Stemmer.prototype?.stemWord;
var SnowballStemmer = Stemmer;
Stemmer = function () {
  const stemmer = new SnowballStemmer();
  this.stemWord = (word) => stemmer.stemWord(foldDiacritics(word.toLowerCase()));
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
    def stem(self, word):
        return self.stemmer.stemWord(fold(word))


def setup(app):
    app.add_search_language(SearchFoldedRomanian)
