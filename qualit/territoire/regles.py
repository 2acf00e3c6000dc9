"""Who may ask for each route: the declared rule of every URL, enforced before the view and walked by the tests.

A view declares its rule with `@regle(...)`; a route of a library is declared by the prefix of its name. A route
without a rule is refused: see `docs/droits.md`. The rule answers "may this person ask at all" (302 to sign in,
405, 403). The view itself finds the object through `visibles_par` (404) and asks `droits.exiger` (403).
"""

from dataclasses import dataclass, field

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpResponseNotAllowed
from django.urls import URLPattern, URLResolver, get_resolver

from . import droits

PUBLIC = "public"
CONNECTE = "connecte"
TECHNIQUE = "technique"  # is_staff, checked by the Django admin itself
LOGICIEL = "logiciel"  # a program with its own key, checked by the API itself

METHODES = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class Regle:
    """The rule of a route.

    acces: PUBLIC, CONNECTE, TECHNIQUE, LOGICIEL, or a tuple of `Droit` of which one is enough;
    objet: label of the model found by the route ("gab.Dossier"); agir: the view also asks `droits.exiger` on the
    object, so that a reader who may not act gets 403; ecrire: the rights asked of an unsafe method, when they
    differ; methodes: what the route answers (HEAD goes with GET); None: the library decides.
    """

    acces: object
    objet: str | None = None
    agir: bool = True
    ecrire: tuple = ()
    methodes: tuple | None = ("GET",)
    raison: str = ""
    parametres: dict = field(default_factory=dict)

    def droits_pour(self, methode):
        """The rights of which one is demanded for this method; () when no right is."""
        if self.ecrire and methode not in ("GET", "HEAD"):
            return self.ecrire
        return self.acces if isinstance(self.acces, tuple) else ()

    def agir_pour(self, methode):
        """Whether the object's action paths are asked for this method."""
        return self.agir or bool(self.ecrire and methode not in ("GET", "HEAD"))

    def accepte(self, methode):
        if self.methodes is None:
            return True
        return methode in self.methodes or (methode == "HEAD" and "GET" in self.methodes)

    @property
    def libelle(self):
        if isinstance(self.acces, tuple):
            return " ou ".join(d.label for d in self.acces)
        return {
            PUBLIC: "Tout le monde",
            CONNECTE: "Toute personne connectée",
            TECHNIQUE: "Administration technique",
            LOGICIEL: "Logiciel muni d’une clé",
        }[self.acces]


#: Routes of libraries, by the beginning of their name or of their pattern.
PREFIXES = {
    "admin:": Regle(TECHNIQUE, methodes=None, raison="l’administration vérifie is_staff elle-même"),
    "account_": Regle(PUBLIC, methodes=None, raison="allauth : chaque page exige elle-même la connexion"),
    "mfa_": Regle(PUBLIC, methodes=None, raison="allauth : chaque page exige elle-même la connexion"),
    "socialaccount_": Regle(PUBLIC, methodes=None, raison="allauth"),
    "compte/social/": Regle(PUBLIC, methodes=None, raison="allauth : anciennes adresses, redirigées"),
    "usersessions_": Regle(PUBLIC, methodes=None, raison="allauth"),
}


def declarer_prefixe(prefixe, acces, raison):
    """Declare all the routes whose name begins so (routes of a library, or of the API)."""
    PREFIXES[prefixe] = Regle(acces, methodes=None, raison=raison)


def regle(*acces, objet=None, agir=None, ecrire=(), methodes=("GET",), **parametres):
    """Declare the rule of a view. `@regle(PUBLIC)`, `@regle(CONNECTE)`, or `@regle(Droit.TRIER, objet="gab.Dossier")`.

    objet: model, or its label, that the route finds by `reference`; agir=False: seeing it is enough (the default when
    there is no object); ecrire: right(s) asked of POST when they differ from those asked of GET;
    parametres: fixed values of other URL arguments for the tests, e.g. `format="csv"`.
    """
    if not acces:
        raise ImproperlyConfigured("@regle demande au moins un accès.")
    if objet is not None and not isinstance(objet, str):
        objet = objet._meta.label
    une_regle = Regle(
        acces=acces[0] if acces[0] in (PUBLIC, CONNECTE, TECHNIQUE, LOGICIEL) else tuple(acces),
        objet=objet,
        agir=(objet is not None) if agir is None else agir,
        ecrire=tuple(ecrire) if isinstance(ecrire, (tuple, list, set)) else (ecrire,),
        methodes=tuple(methodes),
        parametres=parametres,
    )

    def poser(vue):
        vue.regle = une_regle
        return login_not_required(vue) if une_regle.acces in (PUBLIC, LOGICIEL) else vue

    return poser


@dataclass(frozen=True)
class Route:
    """One URL of the portal: its full name, its pattern, its rule (None: not declared) and its view."""

    nom: str
    motif: str
    arguments: tuple
    regle: Regle | None
    vue: object


def regle_de(vue, nom, motif):
    """The rule of a resolved view: its own, else that of the prefix of its name or pattern, else None."""
    une_regle = getattr(vue, "regle", None) or getattr(getattr(vue, "view_class", None), "regle", None)
    if une_regle is None:
        une_regle = next((r for p, r in PREFIXES.items() if nom.startswith(p) or motif.startswith(p)), None)
    return une_regle


def routes(resolveur=None, espace="", base=""):
    """Every URL of the portal, in the order of the resolver."""
    for motif in (resolveur or get_resolver()).url_patterns:
        chemin = base + str(motif.pattern)
        if isinstance(motif, URLResolver):
            suite = f"{espace}{motif.namespace}:" if motif.namespace else espace
            yield from routes(motif, suite, chemin)
        elif isinstance(motif, URLPattern):
            nom = f"{espace}{motif.name or ''}"
            une_regle = regle_de(motif.callback, nom, chemin)
            yield Route(nom, chemin, tuple(motif.pattern.converters), une_regle, motif.callback)


class ReglesMiddleware:
    """Refuse what the rule of the route refuses, before the view. A route without a rule is a fault of ours."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, vue, args, kwargs):
        trouvee = request.resolver_match
        une_regle = regle_de(vue, trouvee.view_name, trouvee.route)
        if une_regle is None:
            raise ImproperlyConfigured(
                f"La route « {trouvee.view_name or trouvee.route} » n’a pas de règle : docs/droits.md."
            )
        if not une_regle.accepte(request.method):
            return getattr(vue, "methode_refusee", HttpResponseNotAllowed)(une_regle.methodes)
        demandes = une_regle.droits_pour(request.method)
        if demandes and not any(droits.a_le_droit(request.user, droit) for droit in demandes):
            raise PermissionDenied
        return None
