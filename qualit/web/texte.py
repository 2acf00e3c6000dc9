"""Cleaning of what people type. Used by every text field; changes no letter that a person would see."""

import re
import unicodedata

# Zero-width characters, soft hyphen, bidirectional marks, embeddings, overrides and isolates, byte-order mark, tags.
INVISIBLES = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
CONTROLES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def nettoyer_texte(texte, *, multiligne=False):
    """Return `texte` in NFC without control, zero-width and bidi characters; spaces joined unless `multiligne`.

    Line ends become "\\n" when `multiligne`, spaces otherwise. None becomes "".
    """
    if texte is None:
        return ""
    texte = (
        str(texte).replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    )
    texte = INVISIBLES.sub("", CONTROLES.sub("", texte))
    texte = unicodedata.normalize("NFC", texte)
    if multiligne:
        texte = "\n".join(re.sub(r"[^\S\n]+$", "", ligne) for ligne in texte.split("\n"))
    else:
        texte = re.sub(r"\s+", " ", texte)
    return texte.strip()
