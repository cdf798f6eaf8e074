"""What a mistake is, and the mistakes that can be made in any exercise. Each chapter's own are in its file."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """A way to get it wrong: functions that make the mistake, or a sign of it in the trials."""

    key: str
    ro: str
    en: str
    wrong: Callable | tuple[Callable, ...] = ()
    when: Callable[[list], bool] | None = None

    @property
    def functions(self) -> tuple[Callable, ...]:
        return (self.wrong,) if callable(self.wrong) else self.wrong


GENERAL = {
    mistake.key: mistake
    for mistake in (
        Mistake(
            "not-callable",
            ro="Dă-i verificării funcția însăși, numele ei fără paranteze, nu un rezultat al ei.",
            en="Give the check the function itself, its name without brackets, not a result of it.",
        ),
        Mistake(
            "broken",
            ro="Verificarea s-a împiedicat de altceva decât răspunsul tău:{}. A fost schimbată o bibliotecă? "
            "Repornește kernelul și rulează celulele din nou.",
            en="The check stumbled over something other than your answer:{}. Has a library been changed? "
            "Restart the kernel and run the cells again.",
        ),
        Mistake(
            "input",
            ro="Funcția întreabă la tastatură, cu `input()`. Tot ce îi trebuie primește prin argumente.",
            en="The function asks at the keyboard, with `input()`. All that it needs comes in its arguments.",
        ),
        Mistake(
            "arguments",
            ro="Funcția nu primește intrările acestea. Păstrează rândul cu `def` așa cum era în exercițiu.",
            en="The function does not take these inputs. Keep the line with `def` as it was in the exercise.",
        ),
        Mistake(
            "too-large",
            ro="Un număr a crescut peste ce poate ține calculatorul. Caută exponențiala care primește un număr uriaș.",
            en="A number has grown beyond what the computer can hold. Look for the exponential of a huge number.",
        ),
        Mistake(
            "raises",
            ro="Codul s-a oprit{}. Rulează funcția pe intrarea de mai sus și citește ultimul rând al erorii.",
            en="The code stopped{}. Run the function on the input above and read the last line of the error.",
        ),
        Mistake(
            "no-return",
            ro="Pe intrarea aceasta funcția nu întoarce nimic. Vezi dacă fiecare drum prin ea ajunge la un `return`.",
            en="For this input the function returns nothing. See whether every way through it reaches a `return`.",
        ),
        Mistake(
            "pair",
            ro="Printre rezultatele întoarse e și cel bun. Întoarce-l numai pe el.",
            en="The right result is among those you return. Return it alone.",
        ),
        Mistake(
            "type",
            ro="Funcția a întors {}. Trebuie numere reale, într-un tablou numpy, un tensor, o listă sau câte unul.",
            en="The function returned {}. Real numbers are expected, in a numpy array, a tensor, a list or alone.",
        ),
        Mistake(
            "too-many",
            ro="Au ieșit mult prea multe numere. Caută un produs în care o axă s-a repetat.",
            en="Far too many numbers came out. Look for a product in which an axis is repeated.",
        ),
        Mistake(
            "in-place",
            ro="Funcția își schimbă intrarea. Cine o cheamă rămâne cu alte date: scrie `x = x - c`, nu `x -= c`.",
            en="The function changes its own input. Whoever calls it is left with other data: "
            "write `x = x - c`, not `x -= c`.",
        ),
        Mistake(
            "transposed",
            ro="Numerele sunt bune, dar rândurile au ajuns coloane. Caută o transpunere în plus sau una care lipsește.",
            en="The numbers are right, but rows have become columns. Look for one transpose too many, or one missing.",
        ),
        Mistake(
            "shape",
            ro="Rezultatul nu are forma cerută. Scrie forma lângă fiecare rând al codului: unde se schimbă?",
            en="The result does not have the shape asked for. Write the shape beside each line: where does it change?",
        ),
        Mistake(
            "same-for-all",
            ro="Rezultatul e același pentru orice intrare. Folosește argumentele funcției, nu variabile din afara ei.",
            en="The result is the same for every input. Use the function's arguments, not variables from outside it.",
        ),
        Mistake(
            "nan",
            ro="A apărut `nan` sau `inf`. Caută o împărțire la zero, un logaritm din zero sau `inf - inf`.",
            en="`nan` or `inf` has come up. Look for a division by zero, a logarithm of zero, or `inf - inf`.",
        ),
        Mistake(
            "whole",
            ro="Ies doar numere întregi. Caută un `//`, o rotunjire sau un tablou de întregi în care scrii rezultatul.",
            en="Only whole numbers come out. Look for a `//`, a rounding, or an array of integers that you write into.",
        ),
        Mistake(
            "precision",
            ro="Ești foarte aproape, dar pierzi din precizie: o rotunjire, un termen mic în plus sau prea puțini pași.",
            en="You are very close, but precision is lost: a rounding, a small term added, or too few steps.",
        ),
    )
}
