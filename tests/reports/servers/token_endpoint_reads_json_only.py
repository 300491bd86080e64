from base import *

class Case(Base):
    """The token endpoint reads JSON only; of a form it sees nothing."""
    def token(self, r):
        return self.oauth_error("invalid_request", "Missing parameter: grant_type")


main(Case)
