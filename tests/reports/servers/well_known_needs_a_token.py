from base import *

class Case(Base):
    """The middleware that wants a token stands before the well-known documents too."""
    def prm_route(self, r):
        return 401, {"WWW-Authenticate": "Bearer"}, {"error": "unauthorized"}


main(Case)
