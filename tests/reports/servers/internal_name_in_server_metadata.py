from base import *

class Case(Base):
    """The server's container does not know its public address: the token endpoint has the name inside the network."""
    def metadata(self):
        return {**super().metadata(), "token_endpoint": "http://keycloak.internal:8080/token"}


main(Case)
