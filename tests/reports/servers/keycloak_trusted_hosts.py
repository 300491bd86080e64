from base import *

class Case(Base):
    """Keycloak's registration policy trusts no host."""
    def register(self, r):
        return 403, {}, {"error": "insufficient_scope", "error_description": "Policy 'Trusted Hosts' rejected request to client-registration service. Details: Host not trusted."}


main(Case)
