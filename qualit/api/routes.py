"""The API of school software, version 1. Found through the same rights as the pages, journaled like them."""

import logging
from datetime import date, datetime, time
from functools import wraps
from typing import Annotated

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.paginator import Paginator
from django.db import connection, transaction
from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from ninja import Header, NinjaAPI, Path, Query, Status
from ninja.errors import HttpError, ValidationError
from ninja.security import HttpBearer

from qualit.journal.services import montrer
from qualit.territoire import droits, nomenclatures
from qualit.territoire.droits import Droit
from qualit.workflow import TransitionImpossible
from suivi import retours

from . import depot, services
from .contrat import Accuse, Detail, Liste, MaCle, Probleme, Reference, SignalementRecu, Terme
from .models import Envoi, Portee

logger = logging.getLogger(__name__)
PAR_PAGE = 100
LISTES = (
    "classes",
    "diplomes",
    "liens",
    "motifs",
    "natures_sortie",
    "niveaux",
    "regimes",
    "statuts",
)
DESCRIPTION = """\
Envoyer les signalements de son établissement et lire où ils en sont. Chaque appel porte la clé de l’établissement dans l’en-tête
`Authorization: Bearer qit_…`. Les erreurs sont en français (`application/problem+json`). Le guide est dans `docs/api.md`."""
TITRES = {
    400: "Requête illisible",
    401: "Clé refusée",
    403: "Action non permise",
    404: "Introuvable",
    405: "Méthode refusée",
    409: "Conflit",
    413: "Contenu trop lourd",
    422: "Contenu refusé",
    429: "Trop de requêtes",
    500: "Erreur du portail",
}
MESSAGES = {
    "missing": "Ce champ est obligatoire.",
    "extra_forbidden": "Ce champ n’existe pas : vérifiez son nom.",
    "string_type": "Un texte est attendu.",
    "string_too_long": "Ce texte est trop long.",
    "string_pattern_mismatch": "La forme de ce code est incorrecte.",
    "literal_error": "Cette valeur n’est pas dans la liste.",
    "bool_type": "Vrai ou faux est attendu.",
    "list_type": "Une liste est attendue.",
    "too_long": "Cette liste est trop longue.",
    "int_type": "Un nombre entier est attendu.",
    "int_parsing": "Un nombre entier est attendu.",
}


class Cle(HttpBearer):
    """The key of the structure. What it may do is its scopes, and the rights of the person in whose name it acts."""

    def authenticate(self, request, token):
        try:
            acces = services.identifier(token)
        except services.CleRefusee as erreur:
            raise Arret(401, str(erreur)) from None
        if attente := services.compter(acces):
            raise Arret(429, "Cette clé a fait trop de requêtes cette minute.", attente=attente)
        try:
            request.user = services.agir_pour(acces)
        except services.ResponsableParti as erreur:
            raise Arret(403, str(erreur)) from None
        services.noter_usage(acces)
        return acces


class Arret(Exception):
    """Stop here and answer with this status and these words."""

    def __init__(self, statut, detail, *, erreurs=(), attente=0):
        super().__init__(detail)
        self.statut, self.detail, self.erreurs, self.attente = statut, detail, erreurs, attente


class Api(NinjaAPI):
    """Ninja's API whose answers are never kept, and whose description says that errors are problem+json."""

    def create_temporal_response(self, request):
        reponse = super().create_temporal_response(request)
        reponse["Cache-Control"] = "private, no-store"
        return reponse

    def get_openapi_schema(self, *args, **kwargs):
        schema = super().get_openapi_schema(*args, **kwargs)
        for chemin in schema["paths"].values():
            for operation in chemin.values():
                for statut, reponse in operation["responses"].items():
                    contenu = reponse.get("content", {})
                    if int(statut) >= 400 and "application/json" in contenu:
                        contenu["application/problem+json"] = contenu.pop("application/json")
                    reponse["description"] = TITRES.get(int(statut), "Réponse")
        return schema


api = Api(
    title="Qual’I.T.",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,  # served by views.openapi, beside
    auth=Cle(),
)


def probleme(statut, detail, *, erreurs=(), attente=0):
    """A problem+json answer."""
    contenu = {
        "type": "about:blank",
        "title": TITRES.get(statut, "Erreur"),
        "status": statut,
        "detail": detail,
        "erreurs": [{"champ": champ, "message": message} for champ, message in erreurs],
    }
    reponse = JsonResponse(
        contenu,
        status=statut,
        content_type="application/problem+json",
        json_dumps_params={"ensure_ascii": False},
    )
    reponse["Cache-Control"] = "private, no-store"
    if statut == 401:
        reponse["WWW-Authenticate"] = "Bearer"
    if attente:
        reponse["Retry-After"] = str(attente)
    return reponse


def methode_refusee(permises):
    """The refusal of a method, told like every other error."""
    permises = ", ".join(sorted(permises))
    refus = probleme(405, f"Cette adresse ne connaît que {permises}.")
    refus["Allow"] = permises
    return refus


def en_francais(vue):
    """The view of an address of the API: whoever refuses a method there, the refusal is told in French."""

    @csrf_exempt
    @wraps(vue)
    def repondre(request, *args, **kwargs):
        reponse = vue(request, *args, **kwargs)
        return methode_refusee(reponse["Allow"].split(", ")) if reponse.status_code == 405 else reponse

    repondre.methode_refusee = methode_refusee  # what `ReglesMiddleware` answers
    return repondre


@en_francais
@login_not_required
def inconnue(request):
    """Any address of the API that is none of its operations."""
    return probleme(
        404, "Cette adresse n’existe pas. Les opérations sont décrites dans /api/v1/openapi.json."
    )


@api.exception_handler(Arret)
def _arret(request, exc):
    return probleme(exc.statut, exc.detail, erreurs=exc.erreurs, attente=exc.attente)


@api.exception_handler(ValidationError)
def _invalide(request, exc):
    erreurs = []
    for e in exc.errors:
        lieu = [str(m) for m in e["loc"] if m not in ("body", "query", "header", "path", "contenu")]
        defaut = (
            "Une date est attendue, sous la forme AAAA-MM-JJ."
            if e["type"].startswith("date")
            else "Cette valeur est incorrecte."
        )
        erreurs.append((".".join(lieu) or "corps", MESSAGES.get(e["type"], defaut)))
    return probleme(422, "Des champs sont à corriger.", erreurs=erreurs)


@api.exception_handler(HttpError)
def _erreur_http(request, exc):
    details = {
        400: "Le corps de la requête n’est pas du JSON.",
        401: "Donnez votre clé dans l’en-tête Authorization: Bearer.",
    }
    return probleme(exc.status_code, details.get(exc.status_code, TITRES.get(exc.status_code, "Erreur.")))


@api.exception_handler(Http404)
def _absent(request, exc):
    return probleme(404, "Aucun signalement de votre établissement ne porte cette référence.")


@api.exception_handler(PermissionDenied)
def _interdit(request, exc):
    return probleme(403, "La personne responsable de cette clé n’a pas ce droit.")


@api.exception_handler(RequestDataTooBig)
def _trop_lourd(request, exc):
    return probleme(
        413, "Ce contenu dépasse 5 Mo, bien plus qu’un signalement : vérifiez ce que le logiciel envoie."
    )


@api.exception_handler(Exception)
def _imprevu(request, exc):
    logger.exception("%s %s", request.method, request.path)
    if connection.in_atomic_block:
        transaction.set_rollback(True)
    return probleme(
        500,
        "Le portail a rencontré une erreur et n’a rien enregistré. Renvoyez la même requête dans quelques minutes, avec la "
        "même Idempotency-Key si elle en porte une.",
    )


ERREURS = {401: Probleme, 403: Probleme, 422: Probleme, 429: Probleme, 500: Probleme}


def connaitre_les_parametres(request, *connus):
    """A misspelt parameter is an error, not a silence: without this, `depius=` would return the whole list."""
    inconnus = sorted(set(request.GET) - set(connus))
    if inconnus:
        raise Arret(
            422,
            "Des paramètres sont à corriger.",
            erreurs=[(nom[:60], "Ce paramètre n’existe pas.") for nom in inconnus[:10]],
        )


def exiger(request, portee, droit):
    """The access of this request, when it has that scope and its person that right. Raises Arret, PermissionDenied."""
    acces = request.auth
    if portee not in acces.portees:
        raise Arret(403, f"Cette clé ne permet pas ceci : {Portee(portee).label.lower()}.")
    droits.exiger(request.user, droit)
    return acces


@api.get("/cle", response={200: MaCle} | ERREURS, operation_id="lire_cle", summary="Ce que la clé permet")
def cle(request):
    connaitre_les_parametres(request)
    acces = request.auth
    return {
        "reference": acces.reference,
        "logiciel": acces.libelle,
        "structure": acces.structure.nom,
        "structure_code": acces.structure.code,
        "portees": acces.portees,
        "expire_le": acces.expire_le,
    }


@api.get(
    "/nomenclatures/{liste}",
    response={200: list[Terme], 404: Probleme} | ERREURS,
    operation_id="lire_nomenclature",
    summary="Les codes d’une liste, en vigueur aujourd’hui",
    description=f"Listes : {', '.join(LISTES)}.",
)
def nomenclature(request, liste: str = Path(..., pattern="^[a-z_]{1,40}$")):
    connaitre_les_parametres(request)
    if liste not in LISTES:
        raise Arret(404, f"Cette liste n’existe pas. Listes : {', '.join(LISTES)}.")
    return [{"code": code, "libelle": libelle} for code, libelle in nomenclatures.choix(liste)]


@api.post(
    "/signalements",
    response={200: Accuse, 201: Accuse, 400: Probleme, 409: Probleme, 413: Probleme} | ERREURS,
    operation_id="envoyer_signalement",
    summary="Envoyer un signalement",
    description=(
        "201 à la création ; 200 quand la même clé d’idempotence est renvoyée avec le même contenu, et rien n’est créé. "
        "409 quand elle l’est avec un autre contenu, ou quand l’établissement a déjà envoyé ce contenu ou signalé cette "
        "sortie de ce jeune : la réponse donne la référence du signalement déjà fait."
    ),
)
def envoyer(
    request: HttpRequest,
    contenu: SignalementRecu,
    idempotence: str = Header(..., alias="Idempotency-Key", pattern=r"^[!-~]{8,64}$"),
):
    connaitre_les_parametres(request)
    acces = exiger(request, Portee.SIGNALER, Droit.SIGNALER)
    donnees = contenu.model_dump(mode="json", exclude_none=True)
    donnees.setdefault("reference_externe", "")
    try:
        reponse, nouveau = depot.deposer(acces, idempotence, donnees, par=request.user)
    except depot.CleDejaUtilisee:
        raise Arret(
            409, "Cette clé d’idempotence a déjà servi pour un autre contenu : prenez-en une nouvelle."
        ) from None
    except depot.DejaEnvoye as erreur:
        raise Arret(
            409, f"Vous avez déjà signalé cette sortie : signalement {erreur.reference}. Rien n’a été créé."
        ) from None
    except depot.Refus as erreur:
        raise Arret(422, "Des champs sont à corriger.", erreurs=erreur.erreurs) from None
    except TransitionImpossible as erreur:
        raise Arret(422, str(erreur)) from None
    return Status(201 if nouveau else 200, reponse)


def _externes(signalements):
    """{report id: the software's own reference} of these reports."""
    return dict(
        Envoi.objects.filter(signalement__in=signalements)
        .exclude(reference_externe="")
        .values_list("signalement", "reference_externe")
    )


def _etat(signalement, externes):
    return {
        "reference": signalement.reference,
        "reference_externe": externes.get(signalement.pk, ""),
        "envoye_le": signalement.envoye_le,
        "etat": retours.resume(signalement)[0],
        "nouvelle_le": signalement.nouvelle_le,
    }


@api.get(
    "/signalements",
    response={200: Liste} | ERREURS,
    operation_id="lire_signalements",
    summary="Où en sont les signalements de l’établissement",
    description="Les plus récents d’abord, cent par page. `depuis` ne garde que ceux qui ont du nouveau depuis ce jour.",
)
def signalements(
    request,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    depuis: Annotated[date | None, Query(description="AAAA-MM-JJ")] = None,
):
    connaitre_les_parametres(request, "page", "depuis")
    exiger(request, Portee.LIRE, Droit.LIRE_RETOUR)
    lignes = retours.avec_nouvelles(retours.mes_signalements(request.user))
    if depuis is not None:
        if not 2000 <= depuis.year <= 2200:
            raise Arret(
                422, "Des champs sont à corriger.", erreurs=[("depuis", "Cette date est trop lointaine.")]
            )
        lignes = lignes.filter(nouvelle_le__gte=timezone.make_aware(datetime.combine(depuis, time.min)))
    paginateur = Paginator(lignes.order_by("-envoye_le", "-pk"), PAR_PAGE)
    trouves = list(paginateur.page(page).object_list) if page <= paginateur.num_pages else []
    montrer(request, trouves)
    externes = _externes(trouves)
    return {
        "total": paginateur.count,
        "page": page,
        "pages": paginateur.num_pages,
        "signalements": [_etat(s, externes) for s in trouves],
    }


@api.get(
    "/signalements/{reference}",
    response={200: Detail, 404: Probleme} | ERREURS,
    operation_id="lire_signalement",
    summary="Tout ce que l’établissement peut lire d’un signalement",
)
def signalement(request, reference: Reference):
    connaitre_les_parametres(request)
    exiger(request, Portee.LIRE, Droit.LIRE_RETOUR)
    trouve = (
        retours.avec_nouvelles(retours.mes_signalements(request.user)).filter(reference=reference).first()
    )
    if trouve is None:
        raise Http404
    montrer(request, [trouve])
    nouvelles = [
        {"quand": n.quand, "code": n.code, "titre": n.titre, "texte": n.texte}
        for n in retours.nouvelles(trouve)
    ]
    return _etat(trouve, _externes([trouve])) | {"nouvelles": nouvelles}
