"""The letters of the delegate: a text to start from, by right and by outcome."""

from .models import Demande

T, S = Demande.Type, Demande.Suite

RECOURS = (
    "Si cette réponse ne vous convient pas, vous pouvez m’écrire de nouveau, ou saisir la Commission nationale de "
    "l’informatique et des libertés (CNIL, 3 place de Fontenoy, TSA 80715, 75334 Paris Cedex 07)."
)
ACCORDEES = {
    T.ACCES: "Vous trouverez avec cette lettre une copie de tout ce que le portail conserve sur vous. Le nom des "
    "autres personnes n’y figure pas.",
    T.RECTIFICATION: "Les informations inexactes que vous avez signalées ont été corrigées. L’établissement et le "
    "groupe d’appui qui vous suivent lisent désormais la version corrigée.",
    T.EFFACEMENT: "Votre nom, vos coordonnées et tous les textes écrits à votre sujet ont été effacés du portail. "
    "Seuls restent des nombres, dont personne ne peut remonter jusqu’à vous.",
    T.OPPOSITION: "Vos informations ne servent plus à vous contacter : vous ne recevrez ni convocation, ni rappel, "
    "ni lettre. Vous pouvez revenir sur ce choix à tout moment.",
    T.LIMITATION: "Vos informations sont gelées : elles sont conservées, mais plus utilisées, le temps d’examiner "
    "votre situation. Nous vous préviendrons avant de lever ce gel.",
    T.CONTROLE: "Contrôle fait.",
}
REFUSEES = {
    T.ACCES: "Je ne peux pas donner suite à votre demande parce que …",
    T.RECTIFICATION: "Les informations en cause ont été vérifiées et sont exactes : …",
    T.EFFACEMENT: "La loi demande à l’établissement de signaler les jeunes sortis sans diplôme et au groupe d’appui de "
    "les recevoir (code de l’éducation, articles L. 313-7 et L. 313-8). Vos informations sont nécessaires à cette "
    "mission tant que … (RGPD, article 17, paragraphe 3).",
    T.OPPOSITION: "Le suivi des jeunes de 16 à 18 ans est une obligation légale : il ne peut pas y être fait "
    "opposition tant que …",
    T.LIMITATION: "Les conditions de la limitation (RGPD, article 18) ne sont pas réunies : …",
    T.CONTROLE: "Sans suite.",
}
INCONNU = (
    "Après recherche, aucune information à votre nom n’est conservée dans le portail. Si vous avez porté un autre nom, "
    "indiquez-le nous."
)


def texte(demande, suite=S.ACCORDEE):
    """The text that the delegate starts from, without the address nor the date."""
    if suite == S.SANS_OBJET:
        corps = INCONNU
    else:
        corps = (REFUSEES if suite == S.REFUSEE else ACCORDEES)[T(demande.type)]
    return f"{corps}\n\n{RECOURS}"
