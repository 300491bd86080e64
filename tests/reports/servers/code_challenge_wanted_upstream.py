from base import *

class Case(Base):
    """The OAuth proxy sends the browser to an identity provider without PKCE, which wants it."""
    def authorize(self, r):
        return self.back(r.query, {"error": "invalid_request", "error_description": "Missing parameter: code_challenge_method"})


main(Case)
