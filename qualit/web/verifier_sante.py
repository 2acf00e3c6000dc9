"""Health check of the container: ask the local server as its proxy would, by a name that it accepts."""

import http.client
import os
import sys


def main():
    hote = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
    connexion = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
    try:
        connexion.request("GET", "/sante", headers={"Host": hote})
        return connexion.getresponse().status != 200
    except (OSError, http.client.HTTPException):
        return True
    finally:
        connexion.close()


if __name__ == "__main__":
    sys.exit(main())
