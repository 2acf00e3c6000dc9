"""A structure takes over another: everything that points to the closed one goes to it, and can come back.

What "everything" is comes from the schema: each foreign key to `Structure` is followed, but for the exceptions below.
"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire.models import Adhesion, Reprise, Structure

#: Why a relation stays with the closed structure, by label of the field.
RESTENT = {
    "territoire.Reprise.structure": "le récit des reprises",
    "territoire.Reprise.vers": "le récit des reprises",
}
#: What is left behind of a relation that moves: an extra filter, by label of the field.
SEULEMENT = {
    "territoire.Adhesion.structure": lambda: Q(fin__isnull=True) | Q(fin__gte=timezone.localdate()),
    "territoire.Invitation.structure": lambda: Q(acceptee_le__isnull=True, revoquee_le__isnull=True),
    "gab.LigneSeance.structure": lambda: Q(seance__signee_le__isnull=True),  # signed minutes do not change
}
#: What keeps a row from following to a structure, by label of the field: its mission stays too, the other one's waits.
RETIENNENT = {
    "gab.Dossier.referent": lambda vers: Q(missions__structure=vers, missions__etat="proposee"),
}
#: What is called for, on the screens; other relations take the name of their model.
LIBELLES = {
    "territoire.Structure.reprise_par": "structures qu’elle avait reprises",
    "territoire.Adhesion.structure": "adhésions en vigueur",
    "territoire.Invitation.structure": "invitations en attente",
    "gab.Dossier.referent": "dossiers dont elle est référente",
    "gab.PartageDossier.structure": "partages reçus",
    "gab.LigneSeance.structure": "décisions de séances à venir",
}


def relations():
    """Every foreign key to a structure that a takeover follows, as fields, from the schema."""
    trouvees = (
        r.field for r in Structure._meta.get_fields(include_hidden=True) if r.auto_created and not r.concrete
    )
    return [champ for champ in trouvees if cle(champ) not in RESTENT]


def cle(champ):
    """The label of a field: app.Model.field."""
    return f"{champ.model._meta.label}.{champ.name}"


def libelle(champ):
    """The name of what a relation holds, plural, for the screens."""
    return LIBELLES.get(cle(champ), str(champ.model._meta.verbose_name_plural))


def _en_conflit(champ, vers):
    """Rows that cannot follow: the structure that takes over already has one that a constraint allows once."""
    conflit = Q(pk__in=[])
    modele = champ.model
    for contrainte in modele._meta.constraints:
        if isinstance(contrainte, models.UniqueConstraint) and champ.name in contrainte.fields:
            autres = {c: OuterRef(c) for c in contrainte.fields if c != champ.name}
            condition = contrainte.condition or Q()
            deja = modele._base_manager.filter(condition, **{champ.name: vers}, **autres)
            conflit |= condition & Q(Exists(deja))
    if retient := RETIENNENT.get(cle(champ)):
        conflit |= retient(vers)
    if modele is Adhesion:
        deja = Adhesion.objects.actives().filter(
            structure=vers, utilisateur=OuterRef("utilisateur"), role=OuterRef("role")
        )
        conflit |= Q(Exists(deja))
    return conflit


def inventaire(structure, vers):
    """What a takeover would move: a list of (field, ids that follow, ids that stay), without the empty ones."""
    lignes = []
    for champ in relations():
        toutes = champ.model._base_manager.filter(**{champ.name: structure})
        toutes = toutes.filter(SEULEMENT.get(cle(champ), Q)())
        if cle(champ) == "territoire.Structure.reprise_par":
            toutes = toutes.exclude(pk=vers.pk)
        restent = set(toutes.filter(_en_conflit(champ, vers)).values_list("pk", flat=True))
        suivent = sorted(set(toutes.values_list("pk", flat=True)) - restent)
        if suivent or restent:
            lignes.append((champ, suivent, sorted(restent)))
    return lignes


def apercu(structure, vers):
    """The same for the screen: [(label, number that follows, number that stays)]."""
    return [
        (libelle(champ), len(suivent), len(restent))
        for champ, suivent, restent in inventaire(structure, vers)
    ]


@transaction.atomic
def transferer(structure, vers, *, par):
    """Give what a closed structure holds to another and return the `Reprise`, which `annuler` undoes.

    Memberships that the other structure already has end with the closed one. par: None for the clock.
    """
    verrouillees = Structure.objects.select_for_update(of=("self",)).filter(pk__in=[structure.pk, vers.pk])
    vers = {s.pk: s for s in verrouillees.order_by("pk")}[vers.pk]
    if structure.pk == vers.pk or vers.est_fermee:
        raise ValidationError("Choisissez une autre structure, ouverte.")
    deplaces, fins = {}, {}
    for champ, suivent, restent in inventaire(structure, vers):
        if suivent:
            champ.model._base_manager.filter(pk__in=suivent).update(**{champ.name: vers})
            deplaces[cle(champ)] = suivent
        if champ.model is Adhesion:
            hier = timezone.localdate() - timedelta(days=1)
            for adhesion in Adhesion.objects.filter(pk__in=restent):
                fins[adhesion.pk] = adhesion.fin and adhesion.fin.isoformat()
                adhesion.fin = max(hier, adhesion.debut)
                adhesion.save(update_fields=["fin"])
    reprise = Reprise.objects.create(structure=structure, vers=vers, par=par, deplaces=deplaces, fins=fins)
    noter(
        Action.DROITS,
        "structure_reprise",
        [structure, vers],
        par=par,
        **{nom.replace(".", "_"): len(ids) for nom, ids in deplaces.items()},
    )
    return reprise


@transaction.atomic
def annuler(reprise, *, par):
    """Open the structure again and give back what the takeover had moved, unless it has moved on since."""
    reprise = Reprise.objects.select_for_update(of=("self",)).get(pk=reprise.pk)
    if reprise.annulee_le:
        raise ValidationError("Cette reprise a déjà été annulée.")
    rendus = 0
    champs = {cle(c): c for c in relations()}
    for nom, ids in reprise.deplaces.items():
        if champ := champs.get(nom):
            encore = champ.model._base_manager.filter(pk__in=ids, **{champ.name: reprise.vers_id})
            encore = encore.exclude(_en_conflit(champ, reprise.structure))
            rendus += encore.update(**{champ.name: reprise.structure_id})
    for pk, fin in reprise.fins.items():
        Adhesion.objects.filter(pk=pk).update(fin=fin)
    structure = reprise.structure
    structure.fermee_le = structure.reprise_par = None
    structure.save(update_fields=["fermee_le", "reprise_par"])
    reprise.annulee_le, reprise.annulee_par = timezone.now(), par
    reprise.save(update_fields=["annulee_le", "annulee_par"])
    noter(Action.DROITS, "reprise_annulee", [structure, reprise.vers], par=par, rendus=rendus)
    return reprise


def reprendre_les_fermees():
    """Each structure whose closing day has come and that another takes over: move what it holds. Returns the count."""
    faites = Reprise.objects.filter(
        structure=OuterRef("pk"), vers=OuterRef("reprise_par"), annulee_le__isnull=True
    )
    dues = Structure.objects.filter(fermee_le__lte=timezone.localdate(), reprise_par__isnull=False)
    nombre = 0
    for structure in dues.exclude(Exists(faites)).select_related("reprise_par").order_by("pk"):
        if structure.reprise_par in Structure.objects.ouvertes():
            transferer(structure, structure.reprise_par, par=None)
            nombre += 1
    return nombre
