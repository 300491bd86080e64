from base import *

class Case(Base):
    """Plain http is refused in redirect URIs, loopback or not, with an error object of a content management system."""
    def register(self, r):
        return 400, {}, {"code": "invalid_redirect_uri", "message": "Each redirect_uri must be an HTTPS URL.", "data": {"status": 400}}


main(Case)
