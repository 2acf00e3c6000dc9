"""A list sent by a structure, its rows, and what the structure said once of its headings and values."""

from datetime import date, timedelta

from django.db import models
from django.utils import timezone

from qualit.territoire.droits import Chemin, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Structure, Utilisateur, nouvelle_reference
from qualit.territoire.roles import Niveau
from signalements.models import Signalement

AILLEURS = "Cet import n’en est plus là : rechargez la page."


class ImportImpossible(Exception):
    """What is asked cannot be done on this import. The message is for the user."""


class ImportQuerySet(PerimetreQuerySet):
    def en_cours(self):
        """Those that wait for somebody or for the machine."""
        return self.exclude(etape__in=[Import.Etape.TERMINE, Import.Etape.ANNULE])


class Import(models.Model):
    """One list. Nothing of it is a report before it is confirmed; `contenu` goes as soon as the rows are read for good."""

    class Etape(models.TextChoices):
        COLONNES = "colonnes", "Colonnes à vérifier"
        VALEURS = "valeurs", "Valeurs à vérifier"
        LECTURE = "lecture", "Lecture en cours"
        PRET = "pret", "À confirmer"
        ENVOI = "envoi", "Envoi en cours"
        TERMINE = "termine", "Envoyé"
        ANNULATION = "annulation", "Annulation en cours"
        ANNULE = "annule", "Annulé"

    #: The machine works; nothing is asked of anybody.
    EN_TRAVAIL = (Etape.LECTURE, Etape.ENVOI, Etape.ANNULATION)

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    structure = models.ForeignKey(
        Structure, models.PROTECT, related_name="imports", verbose_name="établissement"
    )
    auteur = models.ForeignKey(Utilisateur, models.PROTECT, related_name="+", verbose_name="envoyé par")
    nom_fichier = models.CharField("fichier", max_length=120)
    contenu = models.BinaryField(null=True, editable=False)
    etape = models.CharField("étape", max_length=12, choices=Etape.choices, default=Etape.COLONNES)
    feuille = models.PositiveIntegerField(default=0)
    debut = models.PositiveIntegerField(default=0, help_text="Rang de la première ligne sous les titres.")
    colonnes = models.JSONField(default=list)
    defauts = models.JSONField(default=dict)
    correspondances = models.JSONField(default=dict)
    formations = models.JSONField(default=dict)
    total = models.PositiveIntegerField("lignes", default=0)
    faites = models.PositiveIntegerField(default=0, help_text="Lignes traitées à cette étape.")
    cree_le = models.DateTimeField("déposé le", default=timezone.now)
    avance_le = models.DateTimeField(null=True, blank=True)
    confirme_le = models.DateTimeField(null=True, blank=True)
    confirme_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    termine_le = models.DateTimeField(null=True, blank=True)
    annule_le = models.DateTimeField(null=True, blank=True)
    annule_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    bilan = models.JSONField(default=dict, help_text="Comptes gardés quand les lignes sont effacées.")

    objects = ImportQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={Niveau.STRUCTURE: (Chemin("structure"),), Niveau.OPERATEUR: (Chemin("structure"),)}
    )

    class Meta:
        ordering = ["-cree_le"]
        verbose_name = "import de liste"
        verbose_name_plural = "imports de listes"

    def __str__(self):
        return f"{self.nom_fichier} ({self.reference})"

    def tenir(self, *etapes, refus=AILLEURS):
        """Lock it to the end of the transaction; raises ImportImpossible when it is at none of these steps by now."""
        if not Import.objects.select_for_update(no_key=True).filter(pk=self.pk, etape__in=etapes).exists():
            raise ImportImpossible(refus)

    @property
    def pourcentage(self):
        """How far the current step is, 0 to 100."""
        return min(100, self.faites * 100 // self.total) if self.total else 0

    @property
    def en_travail(self):
        return self.etape in self.EN_TRAVAIL

    @property
    def arrete(self):
        """Whether the machine should work, and nothing has advanced for a minute."""
        depuis = self.avance_le or self.cree_le
        return self.en_travail and timezone.now() - depuis > timedelta(minutes=1)


class LigneImport(models.Model):
    """One row of a list: the cells as they came, what was understood, what it is, and the report made of it."""

    class Statut(models.TextChoices):
        NOUVELLE = "nouvelle", "Nouveau jeune"
        CONNUE = "connue", "Jeune déjà connu"
        A_DECIDER = "a_decider", "Identité à confirmer"
        DEJA_ENVOYEE = "deja_envoyee", "Déjà signalé"
        REFUSEE = "refusee", "Refusée"

    class Reponse(models.TextChoices):
        MEME = "meme", "C’est le même jeune"
        DIFFERENT = "different", "Ce n’est pas le même"
        INCERTAIN = "inconnu", "Je ne sais pas"
        NE_PAS_ENVOYER = "ecarter", "Ne pas envoyer cette ligne"

    lot = models.ForeignKey(Import, models.CASCADE, related_name="lignes")
    numero = models.PositiveIntegerField("ligne du fichier")
    cellules = models.JSONField(default=list)
    donnees = models.JSONField(default=dict)
    contacts = models.JSONField(default=list)
    responsables = models.JSONField(default=list)
    raisons = models.JSONField(default=list)
    remarques = models.JSONField(default=list)
    statut = models.CharField(max_length=14, choices=Statut.choices)
    empreinte = models.CharField(max_length=64, blank=True)
    candidats = models.JSONField(
        default=list,
        help_text="À qui elle ressemble, le plus proche d’abord : {signalement ou ligne, probabilite, reponse}.",
    )
    candidat = models.ForeignKey(Signalement, models.SET_NULL, null=True, related_name="+")
    jumelle = models.PositiveIntegerField(null=True, help_text="Ligne du même fichier qui lui ressemble.")
    probabilite = models.FloatField(null=True)
    reponse = models.CharField(max_length=10, choices=Reponse.choices, blank=True)
    traitee = models.BooleanField(default=False)
    signalement = models.ForeignKey(Signalement, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["numero"]
        constraints = [models.UniqueConstraint(fields=["lot", "numero"], name="ligne_import_unique")]
        indexes = [models.Index(fields=["lot", "statut", "numero"], name="ligne_import_statut")]

    def __str__(self):
        return f"Ligne {self.numero}"

    @property
    def nom_complet(self):
        """Last name in capitals and first name, or what the row has of them."""
        return f"{self.donnees.get('nom_naissance', '').upper()} {self.donnees.get('prenom', '')}".strip()

    @property
    def autres(self):
        """How many others it looks like, beside the one that is told first."""
        return max(0, len(self.candidats) - 1)

    @property
    def classe(self):
        return self.donnees.get("classe", "")

    @property
    def ne_le(self):
        return self._jour("date_naissance")

    @property
    def sorti_le(self):
        return self._jour("date_sortie")

    def _jour(self, champ):
        valeur = self.donnees.get(champ)
        return date.fromisoformat(valeur) if valeur else None


class Correspondance(models.Model):
    """What a structure said once: the field of a heading (`champ` empty), the code of a value, the formation of a class."""

    structure = models.ForeignKey(Structure, models.CASCADE, related_name="correspondances")
    champ = models.CharField(max_length=40, blank=True)
    texte = models.CharField("ce qui est écrit", max_length=200)
    cible = models.CharField("ce que cela veut dire", max_length=200, blank=True)

    class Meta:
        ordering = ["champ", "texte"]
        constraints = [
            models.UniqueConstraint(fields=["structure", "champ", "texte"], name="correspondance_unique")
        ]

    def __str__(self):
        return f"{self.texte} → {self.cible}"
