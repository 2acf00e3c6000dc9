"""Static files in production: hashed names, and a compressed twin for the few sheets and scripts that pages load.

WhiteNoise's own compressed storage compresses all 10 000 files of the design system and takes 46 s; here only those
under `COMPRESSES` get one, and WhiteNoise serves it to the browsers that accept it.
"""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise.compress import Compressor

COMPRESSES = (
    "theme/",
    "css/",
    "js/",
    "django_htmx/htmx-2.min",
    "mfa/js/",
    "account/js/",
    "admin/css/",
    "admin/js/",
)


class StockageStatique(ManifestStaticFilesStorage):
    """Manifest storage that compresses what the pages load."""

    def post_process(self, paths, dry_run=False, **options):
        compresseur = Compressor(quiet=True)
        for nom, nom_hache, traite in super().post_process(paths, dry_run, **options):
            yield nom, nom_hache, traite
            if (
                not dry_run
                and isinstance(traite, bool)
                and nom_hache
                and nom_hache.startswith(COMPRESSES)
                and nom_hache.endswith((".css", ".js"))
            ):
                for _ in compresseur.compress(self.path(nom_hache)):
                    pass
