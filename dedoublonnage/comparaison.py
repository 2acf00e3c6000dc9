"""Two identities side by side, in words, for the page that asks whether they are one person."""

from rapidfuzz.distance import JaroWinkler

from qualit.territoire.models import cle_de_tri
from signalements.controles import numero_lisible

VERDICTS = {
    "identique": ("Identique", "success"),
    "proche": ("Proche", "info"),
    "different": ("Différent", "warning"),
    "absent": ("Non renseigné", ""),
}


#: Two given names less alike than this (Jaro-Winkler) are not two spellings of one.
AUTRE_PRENOM = 0.8


def peut_etre_jumeaux(a, b):
    """Whether two `Signalement`s bear one surname and one birth date, and given names that nothing brings together."""
    if not a.date_naissance or a.date_naissance != b.date_naissance or (a.ine and a.ine == b.ine):
        return False
    if cle_de_tri(a.nom_naissance) != cle_de_tri(b.nom_naissance):
        return False
    prenoms, autres = (cle_de_tri(s.prenom, s.autres_prenoms).split() for s in (a, b))
    return all(JaroWinkler.similarity(x, y) < AUTRE_PRENOM for x in prenoms for y in autres)


def certitude(probabilite, a, b):
    """How sure the comparison of two `Signalement`s is, in plain words."""
    if peut_etre_jumeaux(a, b):
        return "Même nom, même date de naissance, autre prénom : la même personne, ou des jumeaux"
    if probabilite >= 0.99:
        return "C’est presque certainement la même personne"
    if probabilite >= 0.8:
        return "C’est très probablement la même personne"
    if probabilite >= 0.5:
        return "C’est sans doute la même personne"
    if probabilite >= 0.2:
        return "C’est peut-être la même personne"
    return "C’est possible, mais peu probable"


def raisons(contributions):
    """What speaks for and against, strongest first: [(label, value, 'pour' or 'contre')]."""
    utiles = [c for c in contributions if abs(c["valeur"]) >= 0.1]
    return [
        (c["libelle"], f"{c['valeur']:+.1f}".replace(".", ","), "pour" if c["valeur"] > 0 else "contre")
        for c in sorted(utiles, key=lambda c: -abs(c["valeur"]))
    ]


def _contacts(contacts, type_):
    return sorted(c.normalisee for c in contacts if c.type == type_)


def _verdict(a, b):
    if not a or not b:
        return "absent"
    if isinstance(a, str) and isinstance(b, str):
        if cle_de_tri(a) == cle_de_tri(b):
            return "identique"
        mots_a, mots_b = set(cle_de_tri(a).split()), set(cle_de_tri(b).split())
        return "proche" if mots_a & mots_b else "different"
    if isinstance(a, list):
        return "identique" if set(a) & set(b) else "different"
    return "identique" if a == b else "different"


def _date(jour):
    return f"{jour:%d/%m/%Y}" if jour else ""


def lignes(a, b, *, contacts_gauche=None, contacts_droite=None):
    """Rows for `composants/comparaison.html`: one a field, with a verdict in words. `a`, `b`: Signalement.

    contacts_gauche, contacts_droite: contacts of `a` or `b` when it is not saved yet (a form, a row of a list).
    """
    if contacts_gauche is None:
        contacts_gauche = a.contacts.all() if a.pk else []
    if contacts_droite is None:
        contacts_droite = b.contacts.all()
    champs = [
        ("Nom de naissance", a.nom_naissance, b.nom_naissance),
        ("Nom d’usage", a.nom_usage, b.nom_usage),
        ("Prénom", a.prenom, b.prenom),
        ("Autres prénoms", a.autres_prenoms, b.autres_prenoms),
        ("Date de naissance", _date(a.date_naissance), _date(b.date_naissance)),
        ("Sexe", a.get_sexe_display(), b.get_sexe_display()),
        ("Commune de naissance", a.commune_naissance, b.commune_naissance),
        ("INE", a.ine, b.ine),
        ("Téléphone", _contacts(contacts_gauche, "telephone"), _contacts(contacts_droite, "telephone")),
        ("Courriel", _contacts(contacts_gauche, "courriel"), _contacts(contacts_droite, "courriel")),
        ("Commune de résidence", a.ville, b.ville),
        ("Adresse", a.adresse, b.adresse),
        ("Établissement", str(a.structure), str(b.structure)),
        ("Classe", a.classe, b.classe),
        ("Sortie le", _date(a.date_sortie), _date(b.date_sortie)),
    ]
    resultat = []
    for titre, gauche, droite in champs:
        if not gauche and not droite:
            continue
        verdict, genre = VERDICTS[_verdict(gauche, droite)]
        resultat.append(
            {
                "champ": titre,
                "gauche": _lisible(gauche),
                "droite": _lisible(droite),
                "verdict": verdict,
                "genre": genre,
            }
        )
    return resultat


def _lisible(valeur):
    return ", ".join(numero_lisible(v) for v in valeur) if isinstance(valeur, list) else valeur
